import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "./clock.ts";
import { createLog } from "./log.ts";
import { systemRandomness as randomness } from "./randomness.ts";
import { Resealing } from "./resealing.ts";
import { readSealedFile, resealFile, writeSealedFile } from "./sealed-file.ts";
import { SecretKeys } from "./secret-keys.ts";

const directory = mkdtempSync(join(tmpdir(), "larder-keys-"));
const file = join(directory, "desired.json");
const keys = new SecretKeys({ path: join(directory, "secrets-key"), environment: {}, randomness });
const log = createLog("test", "fatal");

afterEach(() => rmSync(file, { force: true }));

function resealing(reseal: () => void) {
  let times = 0;
  const onResealed = () => times++;
  return { keeper: new Resealing({ keys, reseal, onResealed, clock: systemClock, log }), times: () => times };
}

test("a file is sealed anew with each new key, once, and read after any number of them", () => {
  writeSealedFile(file, { password: "secret" }, keys);
  const { keeper, times } = resealing(() => resealFile(file, keys));
  expect(keeper.keyId).toBeNull();
  for (let count = 1; count <= 3; count++) {
    const { keyId, mark } = keys.rotate();
    keeper.look();
    keeper.look();
    expect([keeper.keyId, times()]).toEqual([keyId, count]);
    expect(readFileSync(file, "utf8")).toStartWith(mark);
    expect(readSealedFile<unknown>(file, keys)).toEqual({ password: "secret" });
  }
});

test("what was never sealed is; what no key opens, and what is not there, stays as it is", () => {
  resealFile(file, keys);
  writeFileSync(file, "{}");
  resealFile(file, keys);
  expect(readFileSync(file, "utf8")).toStartWith(keys.open().mark);
  keys.rotate();
  keys.rotate();
  const lost = readFileSync(file, "utf8");
  resealFile(file, keys);
  expect(readFileSync(file, "utf8")).toBe(lost);
});

test("what is sealed with a key that is there, and was changed since, stays as it is, too", () => {
  writeSealedFile(file, {}, keys);
  const changed = `${readFileSync(file, "utf8").slice(0, -4)}AAAA`;
  writeFileSync(file, changed);
  keys.rotate();
  resealFile(file, keys);
  expect(readFileSync(file, "utf8")).toBe(changed);
});

test("what the disk does not take is tried again, and until then it is said that it is not so", () => {
  let isFull = true;
  const { keeper, times } = resealing(() => {
    if (isFull) throw new Error("ENOSPC");
  });
  keeper.look();
  expect([keeper.keyId, times()]).toEqual([null, 0]);
  isFull = false;
  keeper.look();
  expect([keeper.keyId, times()]).toEqual([keys.open().keyId, 1]);
});
