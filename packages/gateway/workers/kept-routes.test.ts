import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changedTable, type RouteTable } from "@larder/api";
import { createLog, SecretKeys, sealedBy, systemRandomness } from "@larder/service";
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

test("a change is a line of its own, until the changes are as long as the table", () => {
  const file = join(directory, "routes-1.json");
  const kept = () => new KeptRoutes({ directory, worker: 1, keys, log });
  const one = kept();
  const route = (cacheId: string, epoch: number) => ({ cacheId, epoch, move: null }) as never;
  let table: RouteTable = { revision: 10, tokenIssuers: [], routes: [route("a", 1), route("b", 1)] };
  one.keep(table, null);
  const sizes = [statSync(file).size];
  for (let revision = 11; revision <= 600; revision++) {
    const changes = { revision, changed: [route("a", revision)], removed: [] };
    table = changedTable(table, changes);
    one.keep(table, changes);
    sizes.push(statSync(file).size);
    if (revision % 100 === 0) expect(kept().read()).toEqual(table);
  }
  expect(sizes.filter((size, at) => size < (sizes[at - 1] ?? 0))).toHaveLength(1);
  expect(readFileSync(file, "utf8")).not.toContain("cacheId");
  appendFileSync(file, "sealed:1:cut");
  expect(kept().read()).toEqual(table);
});

test("what the disk does not take is tried again, and nothing of it is mixed with what came before", () => {
  const place = join(directory, "away");
  const one = new KeptRoutes({ directory: place, worker: 1, keys, log });
  const table = (revision: number): RouteTable => ({ revision, tokenIssuers: [], routes: [] });
  one.keep(table(1), null);
  one.keep(table(2), { revision: 2, changed: [], removed: [] });
  mkdirSync(place);
  one.flush();
  expect(one.read()?.revision).toBe(2);
  one.keep(table(3), { revision: 3, changed: [], removed: [] });
  expect(one.read()?.revision).toBe(3);
});

test("what is sealed anew with each new key is read after any number of them, and goes on to be changed", () => {
  const kept = () => new KeptRoutes({ directory, worker: 1, keys, log });
  const one = kept();
  one.keep({ revision: 601, tokenIssuers: [], routes: [] }, null);
  one.keep({ revision: 602, tokenIssuers: [], routes: [] }, { revision: 602, changed: [], removed: [] });
  for (let count = 0; count < 3; count++) {
    keys.rotate();
    one.reseal();
    expect(kept().read()?.revision).toBe(602);
  }
  one.keep({ revision: 603, tokenIssuers: [], routes: [] }, { revision: 603, changed: [], removed: [] });
  expect(kept().read()?.revision).toBe(603);
  const ids = readFileSync(join(directory, "routes-1.json"), "utf8").trim().split("\n").map(sealedBy);
  expect(ids).toEqual([keys.open().keyId, keys.open().keyId, keys.open().keyId]);
});

test("an older Larder's table, which was not sealed, is not taken for one of this one's once there is a key", () => {
  const path = join(directory, "routes-3.json");
  writeFileSync(path, `${JSON.stringify({ revision: 9_999, routes: [] })}\n`);
  const three = new KeptRoutes({ directory, worker: 3, keys, log });
  three.reseal();
  expect(existsSync(path)).toBeFalse();
  expect(three.read()?.revision).not.toBe(9_999);
});

test("of two lives of the controller the later one's table counts, though its revision is lower", () => {
  const [one, two] = [1, 2].map((worker) => new KeptRoutes({ directory, worker, keys, log })) as [
    KeptRoutes,
    KeptRoutes,
  ];
  one.write({ life: 1_000, revision: 9_000, tokenIssuers: [], routes: [] });
  two.write({ life: 2_000, revision: 7, tokenIssuers: [], routes: [] });
  for (const kept of [one, two]) expect(kept.read()?.revision).toBe(7);
  two.keep({ life: 2_000, revision: 7, tokenIssuers: [], routes: [] }, null);
  two.keep({ life: 2_000, revision: 8, tokenIssuers: [], routes: [] }, { revision: 8, changed: [], removed: [] });
  expect(one.read()).toMatchObject({ life: 2_000, revision: 8 });
  two.forgetBeyond(1);
});
