import { afterEach, describe, expect, test } from "bun:test";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { ReplicationClient } from "./replication-client.ts";

const options = { name: "10.0.0.4:6379", silentMs: 1_000 };
const mark = "0123456789abcdef0123456789abcdef01234567";
let server: Server | undefined;
let peer: Socket | undefined;

afterEach(() => {
  peer?.destroy();
  server?.close();
});

/** A server that says the pieces one by one, and then maybe ends. */
async function clientOf(pieces: readonly string[], ends = false): Promise<ReplicationClient> {
  server = createServer((socket) => {
    peer = socket.setNoDelay(true).on("error", () => {});
    void say(socket, pieces, ends);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const socket = createConnection(port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  return new ReplicationClient(socket, options);
}

async function say(socket: Socket, pieces: readonly string[], ends: boolean): Promise<void> {
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, "latin1", resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (ends) socket.end();
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

const splits: [string, (text: string) => string[]][] = [
  ["in one piece", (text) => [text]],
  ["byte by byte", (text) => [...text]],
  ["in pieces of 39", (text) => text.match(/.{1,39}/gs) ?? []],
];

describe.each(splits)("what comes %s", (_, split) => {
  test("a copy whose length is not known", async () => {
    const client = await clientOf(split(`\n\n$EOF:${mark}\r\nREDIS0011 and ${mark.slice(0, 39)}x more${mark}`));
    expect(await textOf(client.copy())).toBe(`REDIS0011 and ${mark.slice(0, 39)}x more`);
  });

  test("a copy behind its length, and the stream behind that", async () => {
    const client = await clientOf(split(`+FULLRESYNC history 42\r\n\n\n$9\r\nREDIS0011*1\r\n$4\r\nPING\r\n`), true);
    expect(await client.psync("?", -1)).toEqual({ kind: "full", history: "history", offset: 42 });
    expect(await textOf(client.copy())).toBe("REDIS0011");
    expect(client.copyBytes).toBe(9);
    expect(await textOf(client.stream())).toBe("*1\r\n$4\r\nPING\r\n");
  });

  test("the stream without a copy", async () => {
    const client = await clientOf(split("+CONTINUE another\r\n*1\r\n$4\r\nPING\r\n"), true);
    expect(await client.psync("history", 7)).toEqual({ kind: "continue", history: "another" });
    expect(await textOf(client.stream())).toBe("*1\r\n$4\r\nPING\r\n");
  });
});

describe("fails in words", () => {
  test("a refusal has no argument of ours in it", async () => {
    const client = await clientOf(["-WRONGPASS invalid username-password pair\r\n"]);
    await expect(client.ask("AUTH", "user", "secret")).rejects.toMatchObject({
      code: "SourceRefused",
      message: "10.0.0.4:6379 refused AUTH: WRONGPASS invalid username-password pair",
    });
  });

  test.each([
    [["$EOF:", mark, "\r\nREDIS"], "closed the connection in the middle of its copy"],
    [["$10\r\nREDIS"], "closed the connection in the middle of its copy"],
    [["HTTP/1.1 400 Bad Request\r\n"], "began its copy with what makes no sense"],
    [["x".repeat(70_000)], "says what is no answer"],
    [["-NOMASTERLINK Can't SYNC while not connected\r\n"], "refused the copy: NOMASTERLINK"],
  ])("%p", async (pieces, message) => {
    const client = await clientOf(pieces, true);
    await expect(textOf(client.copy())).rejects.toThrow(message);
  });

  test("one that says nothing", async () => {
    const client = await clientOf([]);
    await expect(client.ask("PING")).rejects.toThrow("10.0.0.4:6379 said nothing for 1 s.");
  });
});
