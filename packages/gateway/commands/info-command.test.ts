import { expect, test } from "bun:test";
import { rewriteInfo } from "./info-command.ts";

const facts = { connectedClients: 12, clientsMax: 256, port: 6380, isCluster: false };
const info = (type: string, text: string) => Buffer.from(`${type}${text.length}\r\n${text}\r\n`);

test("counts the cache's clients, and names nothing of the engine's host", () => {
  const given =
    "# Server\r\ntcp_port:0\r\nexecutable:/x/valkey-server\r\nlistener1:name=unix,bind=/x/s\r\nrole:master\r\nconnected_clients:3\r\nmaxclients:10000\r\n";
  const wanted =
    "# Server\r\ntcp_port:6380\r\nexecutable:\r\nrole:master\r\nconnected_clients:12\r\nmaxclients:256\r\n";
  expect(rewriteInfo(info("$", given), facts).toString()).toBe(info("$", wanted).toString());
  expect(rewriteInfo(info("=", `txt:${given}`), facts).toString()).toBe(info("=", `txt:${wanted}`).toString());
});

test("leaves errors and QUEUED alone", () => {
  for (const reply of ["-NOPERM no\r\n", "+QUEUED\r\n"])
    expect(rewriteInfo(Buffer.from(reply), facts).toString()).toBe(reply);
});
