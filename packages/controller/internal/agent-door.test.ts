/** What strangers can do to the door: nothing for long, and not too many at once. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { createLog, systemClock } from "@larder/service";
import { hostsFixture } from "../hosts/hosts-fixture.ts";
import { AgentDoor } from "./agent-door.ts";

let fixture: Awaited<ReturnType<typeof hostsFixture>>;
let door: AgentDoor;

beforeEach(async () => {
  fixture = await hostsFixture(systemClock);
  door = new AgentDoor({
    ...fixture,
    host: "127.0.0.1",
    port: 0,
    answer: async () => new Response("answer"),
    clock: systemClock,
    log: createLog("door", "fatal"),
    limits: { connectionsMax: 3, strangerMs: 200, strangerBytesMax: 100, hostBytesMax: 1_000 },
  });
  await door.start();
});
afterEach(async () => {
  await door.stop();
  await fixture.stop();
});

function closed(socket: Socket): Promise<void> {
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`https://127.0.0.1:${door.port}${path}`, { ...init, tls: { rejectUnauthorized: false } });
}

test("who says nothing is shown out, before the handshake and after it", async () => {
  const port = door.port;
  const silent = connect(port, "127.0.0.1");
  const idle = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await Promise.all([closed(silent), closed(idle)]);
  expect(door.connectionCount).toBe(0);
});

test("there are only so many at once", async () => {
  const sockets = Array.from({ length: 5 }, () => connect(door.port, "127.0.0.1"));
  let count = 0;
  for (const socket of sockets) void closed(socket).then(() => count++);
  await Promise.race([closed(sockets[3] as Socket), closed(sockets[4] as Socket)]);
  expect(count).toBeLessThanOrEqual(2);
  for (const socket of sockets) socket.destroy();
});

test("a request that is too large, or not understood, is refused", async () => {
  expect((await ask("/join", { method: "POST", body: "x".repeat(101) })).status).toBe(413);
  expect((await ask("/join", { method: "POST", body: "{" })).status).toBe(400);
  expect((await ask("/join", { method: "POST", body: "{}" })).status).toBe(400);
  expect((await ask("/")).status).toBe(403);
});

test("its certificate can be renewed", async () => {
  door.useCertificate(fixture.door);
  expect(await (await ask("/join/authority")).text()).toBe(fixture.authority.certificatePem);
});
