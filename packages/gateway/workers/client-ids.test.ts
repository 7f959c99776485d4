import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "@larder/service";
import { ClientIds, generationsOnDisk } from "./client-ids.ts";

const log = createLog("test", "fatal");
const block = 2 ** 20;

test("ids rise from 1, and no two workers or lives give the same", () => {
  const counter = () => {
    let next = 0;
    return () => next++;
  };
  const generations = counter();
  const first = new ClientIds(1, generations);
  const second = new ClientIds(2, counter());
  expect([first.next(), first.next(), second.next()]).toEqual([1, 2, block + 1]);
  const next = new ClientIds(1, generations);
  expect(next.next()).toBe(64 * block + 1);
});

test("a block that is used up is followed by another", () => {
  let used = 0;
  const ids = new ClientIds(1, () => used++);
  for (let id = 1; id < block; id++) ids.next();
  expect([ids.next(), ids.next()]).toEqual([block, 64 * block + 1]);
});

test("generations on disk are not given twice; without the disk they begin anew", () => {
  const directory = mkdtempSync(join(tmpdir(), "larder-test-"));
  const path = join(directory, "client-ids-1.json");
  const first = generationsOnDisk(path, log);
  expect(existsSync(path)).toBeFalse();
  expect([first(), first(), generationsOnDisk(path, log)()]).toEqual([0, 1, 2]);
  writeFileSync(path, "not JSON");
  expect(generationsOnDisk(path, log)()).toBe(0);
  rmSync(directory, { recursive: true });
  const lost = generationsOnDisk(path, log);
  expect([lost(), lost()]).toEqual([0, 1]);
});
