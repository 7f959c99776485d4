import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeId } from "@larder/api";
import { SecretKeys, systemRandomness } from "@larder/service";
import { type NodePaths, type NodeRecord, nodePaths, readRecord, resealRecord, writeRecord } from "./node-folder.ts";

const record = {
  nodeId: "n-1",
  runId: "life",
  adminUser: { name: "larder-admin", password: "very secret" },
} as NodeRecord;
let directory: string;
let keys: SecretKeys;
let paths: NodePaths;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-test-"));
  keys = new SecretKeys({ path: join(directory, "key"), environment: {}, randomness: systemRandomness });
  paths = nodePaths({ keys, dataDirectory: directory, socketDirectory: directory }, record.nodeId as NodeId);
  mkdirSync(paths.directory, { recursive: true });
});
afterAll(() => rmSync(directory, { recursive: true }));

test("a record is read as it was written, its password sealed, also after a new key", () => {
  writeRecord(paths, record);
  expect(readFileSync(paths.recordPath, "utf8")).not.toContain(record.adminUser.password);
  expect(readRecord(paths)).toEqual(record);
  keys.rotate();
  expect(readRecord(paths)).toEqual(record);
});

test("a record that is sealed anew with each new key is read after any number of them", () => {
  writeRecord(paths, record);
  for (let count = 0; count < 3; count++) {
    keys.rotate();
    resealRecord(paths);
  }
  expect(readRecord(paths)).toEqual(record);
  expect(readFileSync(paths.recordPath, "utf8")).toContain(keys.open().mark);
});

test("without the key a record has no password, and all else", () => {
  writeRecord(paths, record);
  keys.rotate();
  keys.rotate();
  resealRecord(paths);
  expect(readRecord(paths)).toEqual({ ...record, adminUser: { ...record.adminUser, password: "" } });
});

test("what is no record is none", () => {
  for (const text of ["{", "{}", "null"]) {
    writeFileSync(paths.recordPath, text);
    resealRecord(paths);
    expect(readRecord(paths)).toBeUndefined();
  }
});
