import { expect, test } from "bun:test";
import { Hash128 } from "./hash-128.ts";

const text = Buffer.from("The quick brown fox jumps over the lazy dog");

function hashOf(feed: (hash: Hash128) => void): string {
  const hash = new Hash128();
  feed(hash);
  hash.finish();
  return [hash.a, hash.b, hash.c, hash.d].join();
}

test("where a string is cut makes no difference", () => {
  const whole = hashOf((hash) => hash.string(text, 0, text.length));
  for (let first = 0; first <= text.length; first++)
    for (const second of [first, Math.min(first + 3, text.length)])
      expect(
        hashOf((hash) => {
          hash.bytes(text, 0, first);
          hash.bytes(text, first, second);
          hash.bytes(text, second, text.length);
          hash.endString();
        }),
      ).toBe(whole);
});

test("where one string ends and the next begins does, and so does each bit", () => {
  const seen = new Set<string>();
  for (let cut = 0; cut <= text.length; cut++)
    seen.add(
      hashOf((hash) => {
        hash.string(text, 0, cut);
        hash.string(text, cut, text.length);
      }),
    );
  for (let bit = 0; bit < 8 * text.length; bit++) {
    const other = Buffer.from(text);
    other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
    seen.add(hashOf((hash) => hash.string(other, 0, other.length)));
  }
  expect(seen.size).toBe(text.length + 1 + 8 * text.length);
});

test("numbers of any size are told apart", () => {
  const numbers = [0, 1, -1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 52, -(2 ** 40)];
  expect(new Set(numbers.map((number) => hashOf((hash) => hash.integer(number)))).size).toBe(numbers.length);
  const bigs = [0n, 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n];
  expect(new Set(bigs.map((big) => hashOf((hash) => hash.big(big)))).size).toBe(bigs.length);
});
