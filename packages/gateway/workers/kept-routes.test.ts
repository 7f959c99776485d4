import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, SecretKeys, systemRandomness } from "@larder/service";
import { KeptRoutes } from "./kept-routes.ts";

const log = createLog("test", "fatal");
let directory: string;
let keys: SecretKeys;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-test-"));
  keys = new SecretKeys({ path: `${directory}-key`, environment: {}, randomness: systemRandomness });
});
afterAll(() => {
  rmSync(directory, { recursive: true });
  rmSync(`${directory}-key`);
});

test("each worker writes its own and reads the newest of all", () => {
  const [one, two, three] = [1, 2, 3].map((worker) => new KeptRoutes({ directory, worker, keys, log })) as [
    KeptRoutes,
    KeptRoutes,
    KeptRoutes,
  ];
  expect(one.read()).toBeUndefined();
  one.write({ revision: 4, tokenIssuers: [], routes: [] });
  two.write({ revision: 5, tokenIssuers: [], routes: [] });
  one.write({ revision: 3, tokenIssuers: [], routes: [] });
  expect([one, two, three].map((kept) => kept.read()?.revision)).toEqual([5, 5, 5]);
  expect(statSync(join(directory, "routes-1.json")).mode & 0o777).toBe(0o600);
});

test("what cannot be read is passed over; what no worker owns any more is removed", () => {
  writeFileSync(join(directory, "routes-2.json"), "{");
  writeFileSync(join(directory, "routes-2.json.new"), "{}");
  const one = new KeptRoutes({ directory, worker: 1, keys, log });
  expect(one.read()?.revision).toBe(3);
  one.forgetBeyond(1);
  expect(readdirSync(directory).sort()).toEqual(["routes-1.json", "routes-2.json.new"]);
});
