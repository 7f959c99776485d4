import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemRandomness as randomness } from "./randomness.ts";
import { readSealedFile, writeSealedFile } from "./sealed-file.ts";
import { SealBroken, SecretBox, sealedBy } from "./secret-box.ts";
import { SecretKeys } from "./secret-keys.ts";

const directory = mkdtempSync(join(tmpdir(), "larder-keys-"));
const path = join(directory, "secrets-key");
const keysOf = (environment = {}) => new SecretKeys({ path, environment, randomness });
const key = () => randomness.bytes(32);

afterEach(() => rmSync(path, { force: true }));

test("what is sealed opens in its own place, with its key, and nowhere else", () => {
  const old = key();
  const box = new SecretBox([old], randomness);
  const sealed = box.seal("grün 🌿", "caches/shop");
  expect(sealed).not.toContain("gr");
  expect(box.open(sealed, "caches/shop")).toBe("grün 🌿");
  expect(new SecretBox([key(), old], randomness).open(sealed, "caches/shop")).toBe("grün 🌿");
  expect(() => box.open(sealed, "caches/shop2")).toThrow(SealBroken);
  expect(() => new SecretBox([key()], randomness).open(sealed, "caches/shop")).toThrow(SealBroken);
  expect(sealedBy(sealed)).toBe(box.keyId);
});

test("a changed text opens nowhere, whichever character it is, and neither does one that is cut", () => {
  const box = new SecretBox([key()], randomness);
  const sealed = box.seal("secret", "");
  for (let at = 0; at < sealed.length - 1; at++) {
    const changed = `${sealed.slice(0, at)}${sealed[at] === "A" ? "B" : "A"}${sealed.slice(at + 1)}`;
    expect(() => box.open(changed, "")).toThrow(SealBroken);
    expect(() => box.open(sealed.slice(0, at), "")).toThrow(SealBroken);
  }
});

test("the key's file is made once, by whoever comes first, for its owner alone", () => {
  const [first, second] = [keysOf().open(), keysOf().open()];
  expect(second.open(first.seal("secret", ""), "")).toBe("secret");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("after a rotation a new key seals, and what the one before sealed still opens", () => {
  const keys = keysOf();
  const file = join(directory, "desired.json");
  writeSealedFile(file, { password: "secret" }, keys);
  expect(readFileSync(file, "utf8")).not.toContain("secret");
  const before = keys.open().keyId;
  expect(keys.rotate().keyId).not.toBe(before);
  expect(readSealedFile<unknown>(file, keysOf())).toEqual({ password: "secret" });
  keys.rotate();
  expect(() => readSealedFile(file, keys)).toThrow(SealBroken);
});

test("a key of the environment counts instead of a file, and only its owner changes it", () => {
  const keys = keysOf({ LARDER_SECRETS_KEY: `${key().toString("base64")}\n${key().toString("base64")}` });
  expect(keys.open().open(keys.open().seal("secret", ""), "")).toBe("secret");
  expect(() => keys.rotate()).toThrow("LARDER_SECRETS_KEY");
  expect(() => statSync(path)).toThrow();
});

test("what is no key is refused, and not shown", () => {
  writeFileSync(path, "hunter2\n");
  expect(() => keysOf().open()).toThrow(`${path} has to have keys of 32 bytes in base64, one a line.`);
});
