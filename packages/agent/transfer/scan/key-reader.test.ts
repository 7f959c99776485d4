/** A reader asks a server that notes what it is asked, and how much it has to answer at once. */
import { expect, test } from "bun:test";
import { KeyChoice } from "../key-choice.ts";
import { migrationLimits } from "../migrate/migration-limits.ts";
import type { Words } from "../remote/remote-client.ts";
import { RemoteError, type RemoteReply } from "../remote/remote-reply.ts";
import { KeyReader } from "./key-reader.ts";

const keyBytes = 3 * 1024 * 1024;
const everyKey = new KeyChoice({ prefixes: [], types: [], databases: [] });

class NotingServer {
  readonly rounds: string[][] = [];
  readonly #answers: Record<string, RemoteReply>;

  constructor(answers: Record<string, RemoteReply>) {
    this.#answers = answers;
  }

  async ask() {
    return Buffer.from("OK");
  }

  askEach(commands: readonly Words[]): Promise<RemoteReply>[] {
    this.rounds.push(commands.map(([name]) => String(name)));
    return commands.map(([name]) => Promise.resolve(this.#answers[String(name)] ?? null));
  }

  /** Of the rounds that read: how many values each. */
  get dumps(): number[] {
    return this.rounds.map((round) => round.filter((name) => name === "DUMP").length).filter((count) => count > 0);
  }
}

const payload = Buffer.alloc(keyBytes);
const keys = Array.from({ length: 10 }, (_, index) => ({ database: index < 5 ? 0 : 1, key: Buffer.from(`${index}`) }));

async function readAll(server: NotingServer, isOneOfMany = false): Promise<number> {
  const reader = new KeyReader(server, everyKey, { isOneOfMany });
  let found = 0;
  for await (const part of reader.parts(keys)) {
    const read = await reader.read(part);
    found += read.filter((key) => key.payload !== null).length;
  }
  return found;
}

test("large values come few at once, by what the server says that they weigh", async () => {
  const server = new NotingServer({ DUMP: payload, PTTL: -1, MEMORY: keyBytes });
  expect(await readAll(server)).toBe(keys.length);
  expect(Math.max(...server.dumps) * keyBytes).toBeLessThanOrEqual(migrationLimits.readBytesMax);
});

test("where it does not say, by what came before", async () => {
  const server = new NotingServer({ DUMP: payload, PTTL: -1, MEMORY: new RemoteError("ERR unknown command") });
  expect(await readAll(server)).toBe(keys.length);
  expect(server.dumps.slice(0, 2)).toEqual([1, 2]);
  expect(Math.max(...server.dumps) * keyBytes).toBeLessThanOrEqual(migrationLimits.readBytesMax);
  expect(server.rounds.filter((round) => round.includes("MEMORY"))).toHaveLength(2);
});

test("what another primary of a cluster has is not there; who reads for a copy is told", async () => {
  const moved = new RemoteError("MOVED 5 10.0.0.1:6379");
  const server = new NotingServer({ DUMP: moved, PTTL: moved, MEMORY: moved });
  expect(await readAll(server, true)).toBe(0);
  expect(readAll(server)).rejects.toThrow("MOVED");
});
