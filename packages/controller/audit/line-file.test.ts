/** Lines on a real disk: rotation, and a place where nothing can be written. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, systemClock } from "@larder/service";
import { auditLimits } from "./audit-limits.ts";
import { LineFile } from "./line-file.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-lines-"));
  path = join(directory, "audit.log");
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Waits take no time, and the log says nothing. */
const clock = { ...systemClock, sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(1, signal) };

function fileOf(options: { bytesMax?: number; filesMax?: number } = {}): LineFile {
  return new LineFile({ path, bytesMax: 1_000, filesMax: 3, clock, log: createLog("audit", "silent"), ...options });
}

test("lines are added to what is there, and are on the disk when it stops", async () => {
  for (const line of ["one", "two"]) {
    const file = fileOf();
    file.add(line);
    await file.stop();
  }
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a full file makes room, and the oldest goes", async () => {
  for (const letter of "abcde") {
    const file = fileOf({ bytesMax: 10 });
    file.add(letter.repeat(8));
    await file.stop();
  }
  const first = (name: string) => readFileSync(name, "utf8")[0];
  expect([path, `${path}.1`, `${path}.2`].map(first)).toEqual(["e", "d", "c"]);
  expect(existsSync(`${path}.3`)).toBe(false);
});

test("what cannot be written waits, within a bound, and comes when it can", async () => {
  mkdirSync(path);
  const file = fileOf({ bytesMax: 1_000_000 });
  for (let number = 0; number < auditLimits.recordsWaitingMax + 7; number++) file.add(String(number));
  while (!file.isFailing) await systemClock.sleep(1);
  expect(file.linesLost).toBe(7);
  rmSync(path, { recursive: true });
  while (file.isFailing) await systemClock.sleep(1);
  await file.stop();
  const lines = readFileSync(path, "utf8").trim().split("\n");
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([
    auditLimits.recordsWaitingMax,
    "0",
    String(auditLimits.recordsWaitingMax - 1),
  ]);
});

test("a disk that takes nothing holds up no end", async () => {
  mkdirSync(path);
  const file = fileOf({ bytesMax: 1_000_000 });
  file.add("one");
  await file.stop();
  expect(file.isFailing).toBe(true);
});
