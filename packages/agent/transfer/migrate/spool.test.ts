import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Spool } from "./spool.ts";

let directory: string;
const { signal } = new AbortController();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-spool-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("what was pushed comes in its order, from memory and from a file that nobody finds", async () => {
  const spool = new Spool(join(directory, "a"), { memoryBytesMax: 1_000, fileBytesMax: 1e9 });
  const pushed: Buffer[] = [];
  const taken: Buffer[] = [];
  for (let round = 0; round < 50; round++) {
    for (let index = 0; index < 20; index++) {
      pushed.push(Buffer.from(`${round} ${index} `.repeat(40)));
      spool.push(pushed.at(-1) as Buffer);
    }
    for (let index = 0; index < 3 && spool.waitingBytes > 0; index++) taken.push((await spool.take(signal)) as Buffer);
  }
  expect(readdirSync(directory)).toEqual([]);
  spool.end();
  for (let bytes = await spool.take(signal); bytes !== null; bytes = await spool.take(signal)) taken.push(bytes);
  expect(Buffer.concat(taken).equals(Buffer.concat(pushed))).toBe(true);
  expect(spool.waitingBytes).toBe(0);
  await spool.close();
});

test("a disk that cannot be written to is an error, not a loss", async () => {
  const spool = new Spool(join(directory, "missing", "a"), { memoryBytesMax: 1, fileBytesMax: 1 });
  spool.push(Buffer.from("first"));
  spool.push(Buffer.from("second"));
  expect(String(await spool.take(signal))).toBe("first");
  await expect(spool.take(signal)).rejects.toThrow("cannot be kept on disk");
});
