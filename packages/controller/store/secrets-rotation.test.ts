import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, systemRandomness as randomness, SecretKeys, systemClock } from "@larder/service";
import type { SecretKeeper } from "./secret-keepers.ts";
import { SecretsRotation } from "./secrets-rotation.ts";
import { SqliteStore } from "./sqlite-store.ts";

let directory: string;
let keys: SecretKeys;
let store: SqliteStore;
let nowMs: number;
/** What they say at each look. */
let keepers: () => SecretKeeper[];
let rotation: SecretsRotation;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "larder-rotation-"));
  keys = new SecretKeys({ path: join(directory, "secrets-key"), environment: {}, randomness });
  store = SqliteStore.open(join(directory, "store.db"), keys.open());
  await store.transact({ put: [{ key: "caches/shop", value: { password: "secret" } }] });
  nowMs = 0;
  const clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  };
  const log = createLog("test", "fatal");
  rotation = new SecretsRotation({ keys, store, keepers: async () => keepers(), clock, log });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

test("it waits until everybody has sealed anew; the key before the last is gone then", async () => {
  const first = keys.open();
  keepers = () => [{ name: "the agent", keyId: nowMs < 300 ? first.keyId : keys.open().keyId }];
  const { keyId, documents, behind } = await rotation.rotate();
  expect({ documents, behind, nowMs }).toEqual({ documents: 1, behind: [], nowMs: 300 });
  expect(keyId).toBe(keys.open().keyId);
  expect(keys.open().has(first.keyId)).toBeTrue();
  await rotation.rotate();
  expect(keys.open().has(first.keyId)).toBeFalse();
});

test("who has not sealed anew is named, and keeps its key over any number of rotations, until it has", async () => {
  const first = keys.open().keyId;
  keepers = () => [{ name: "the agent", keyId: first }];
  for (let count = 0; count < 3; count++) expect((await rotation.rotate()).behind).toEqual(["the agent"]);
  expect(nowMs).toBe(15_000);
  expect(keys.open().has(first)).toBeTrue();
  keepers = () => [{ name: "the agent", keyId: keys.open().keyId }];
  expect((await rotation.rotate()).behind).toEqual([]);
  expect(keys.open().has(first)).toBeFalse();
});

test("who is away is named and not waited for; a key of another file concerns nobody", async () => {
  keepers = () => [
    { name: "the agent", keyId: null },
    { name: "another's", keyId: "01234567" },
  ];
  expect(await rotation.rotate()).toMatchObject({ behind: ["the agent"] });
  expect(nowMs).toBe(0);
});
