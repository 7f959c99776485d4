import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "@larder/service";
import { LineFile, type LineFileOptions } from "./line-file.ts";

let directory: string;
let events: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-lines-"));
  events = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function lineFile(options: Partial<LineFileOptions> = {}): LineFile {
  return new LineFile({
    path: join(directory, "lines.log"),
    waitingBytesMax: 1_000,
    fileBytesMax: 1_000_000,
    filesKept: 2,
    onDropped: () => events.push("dropped"),
    onFailed: () => events.push("failed"),
    log: createLog("test", "silent"),
    ...options,
  });
}

function text(name = "lines.log"): string {
  return readFileSync(join(directory, name), "utf8");
}

test("keeps lines in their order, for their owner only, and goes on after those of an earlier life", async () => {
  for (const lines of [["one", "two"], ["three"]]) {
    const file = lineFile();
    for (const line of lines) file.write(line);
    await file.stop();
  }
  expect(text()).toBe("one\ntwo\nthree\n");
  expect(statSync(join(directory, "lines.log")).mode & 0o777).toBe(0o600);
});

test("writes without being stopped", async () => {
  const file = lineFile();
  file.write("one");
  while (!readdirSync(directory).includes("lines.log") || text() === "") await Bun.sleep(5);
  expect(text()).toBe("one\n");
  await file.stop();
});

test("drops what comes while too much waits", async () => {
  const file = lineFile({ waitingBytesMax: 10 });
  for (const line of ["1234", "5678", "9"]) file.write(line);
  await file.stop();
  expect([text(), events]).toEqual(["1234\n5678\n", ["dropped"]]);
});

test("begins a new file when one is full, and keeps as many as it may", async () => {
  for (const line of ["a", "b", "c", "d"]) {
    const file = lineFile({ fileBytesMax: 10 });
    file.write(line.repeat(8));
    await file.stop();
  }
  const first = (name: string) => text(name).slice(0, 1);
  expect(readdirSync(directory).sort()).toEqual(["lines.log", "lines.log.1", "lines.log.2"]);
  expect(["lines.log", "lines.log.1", "lines.log.2"].map(first)).toEqual(["d", "c", "b"]);
});

test("survives that it cannot write, and writes again when it can", async () => {
  const file = lineFile({ path: join(directory, "gone", "lines.log") });
  file.write("lost");
  while (events.length === 0) await Bun.sleep(5);
  mkdirSync(join(directory, "gone"));
  file.write("kept");
  await file.stop();
  expect([text("gone/lines.log"), events]).toEqual(["kept\n", ["failed"]]);
});
