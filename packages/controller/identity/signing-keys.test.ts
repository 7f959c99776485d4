/** The plan of the keys, over a year; and that tokens of a key before are still known. */
import { expect, test } from "bun:test";
import { planKeys, type SigningKey, signingKeyTimes } from "./signing-keys.ts";

const { signsMs, toldBeforeMs, keptMs } = signingKeyTimes;

function key(keyId: string, signsFromMs: number): SigningKey {
  return { keyId, signsFromMs, jwk: { kty: "RSA" } };
}

test("the first key signs at once", () => {
  expect(planKeys([], 5_000)).toEqual({ kept: [], signing: undefined, nextSignsFromMs: 5_000 });
});

test("the next one is told before it signs, and the one before stays until its tokens have expired", () => {
  const first = key("first", 0);
  expect(planKeys([first], signsMs - toldBeforeMs - 1).nextSignsFromMs).toBeNull();
  const madeMs = signsMs - toldBeforeMs;
  expect(planKeys([first], madeMs).nextSignsFromMs).toBe(signsMs);
  const keys = [key("second", signsMs), first];
  const at = (nowMs: number) => {
    const { kept, signing, nextSignsFromMs } = planKeys(keys, nowMs);
    return [signing?.keyId, kept.length, nextSignsFromMs];
  };
  expect(at(madeMs)).toEqual(["first", 2, null]);
  expect(at(signsMs)).toEqual(["second", 2, null]);
  expect(at(signsMs + keptMs - 1)).toEqual(["second", 2, null]);
  expect(at(signsMs + keptMs)).toEqual(["second", 1, null]);
});

test("over a year, looked at every hour or after weeks, there is always one that was told long enough", () => {
  for (const stepMs of [3_600_000, 40 * 86_400_000]) {
    let keys: SigningKey[] = [];
    let made = 0;
    for (let nowMs = 0; nowMs < 365 * 86_400_000; nowMs += stepMs) {
      const { kept, nextSignsFromMs } = planKeys(keys, nowMs);
      keys = nextSignsFromMs === null ? kept : [...kept, key(`key-${made++}`, nextSignsFromMs)];
      const { signing } = planKeys(keys, nowMs);
      expect(signing?.signsFromMs).toBeLessThanOrEqual(nowMs);
      expect(keys.length).toBeLessThanOrEqual(3);
    }
    expect(made).toBeGreaterThan(5);
  }
});
