import { expect, test } from "bun:test";
import { matchesGlob } from "./glob-match.ts";

test.each([
  ["news", "news"],
  ["news.*", "news.art"],
  ["*", "x"],
  ["**", "x"],
  ["a*", "a"],
  ["a**", "a"],
  ["a*b*c", "a-b-b-c"],
  ["h?llo", "hallo"],
  ["h[ae]llo", "hello"],
  ["h[^e]llo", "hallo"],
  ["h[a-e]llo", "hcllo"],
  ["h[e-a]llo", "hcllo"],
  ["h[\\]]llo", "h]llo"],
  ["h[\\^]llo", "h^llo"],
  ["h\\*llo", "h*llo"],
  ["h\\", "h\\"],
  ["[abc", "c"],
  ["[a-", "-"],
  ["[^", "x"],
  ["[\x80-\x90]", "\x88"],
  ["[\xf0-\x10]", "\x00"],
  ["", ""],
])("%p matches %p", (pattern, text) => {
  expect(matchesGlob(pattern, text)).toBe(true);
});

test.each([
  ["news", "new"],
  ["news", "newsx"],
  ["*", ""],
  ["", "x"],
  ["a*b", "a"],
  ["h?llo", "hllo"],
  ["h[^e]llo", "hello"],
  ["h[ae]llo", "hillo"],
  ["h\\*llo", "hallo"],
  ["[]a", "]a"],
  ["N*", "news"],
  ["[\x10-\xf0]", "\x80"],
])("%p does not match %p", (pattern, text) => {
  expect(matchesGlob(pattern, text)).toBe(false);
});

test("a hostile pattern ends soon", () => {
  expect(matchesGlob(`${"a*".repeat(60)}b`, "a".repeat(200))).toBe(false);
  expect(matchesGlob(`${"*a".repeat(2000)}`, "a".repeat(3000))).toBe(false);
});
