import { expect, test } from "bun:test";
import { familyOf, nameOf, prefixesOf, writtenOut } from "./names.ts";
import type { Key } from "./options.ts";

test("different arrays have different names", () => {
  const keys: Key[] = [["a", "b"], ["a:b"], ["a%3Ab"], ["a", "", "b"], ["a", 1], ["a", "1", ""], ["a%", "b"]];
  expect(new Set(keys.map(writtenOut)).size).toBe(keys.length);
  expect(writtenOut(["product", 7, 8n])).toBe("product:7:8");
});

test.each([[""], [[]], [[""]], [[{}]], [[undefined]], [7], [null]] as unknown[][])("%p is no key", (key) => {
  expect(() => writtenOut(key as Key)).toThrow(TypeError);
});

test("what does not stand for itself is hashed, and no key is the hash of another", () => {
  for (const text of ["a b", "a\nb", "🏃", "a".repeat(512)]) expect(nameOf(text)).toBe(text);
  const odd = ["{a}", "a}", "a".repeat(513), "🏃".repeat(129), "\ud800", "\ud801", "#", nameOf("{a}")];
  const names = odd.map(nameOf);
  for (const name of names) expect(name).toMatch(/^#[0-9a-f]{64}$/);
  expect(new Set(names).size).toBe(odd.length);
});

test("prefixes are the leading parts, and not too many", () => {
  expect(prefixesOf("a:b:c")).toEqual(["a", "a:b"]);
  expect(prefixesOf("a")).toEqual([]);
  expect(prefixesOf("a:".repeat(20)).length).toBe(8);
  expect(familyOf("a:b")).toBe("a");
  expect(familyOf("a")).toBe("a");
});
