import { expect, test } from "bun:test";
import { etagIn, isNotModified } from "./conditional.ts";

const page = { etag: '"abc"', lastModified: "Tue, 03 Nov 2026 10:00:00 GMT" };

test.each([
  ['"abc"', true],
  ['W/"abc"', true],
  ['"abc-br"', true],
  ['"x", W/"abc-gzip"', true],
  ['"abcd"', false],
  ['"x, abc"', false],
  ["*", true],
  ["abc", false],
])("If-None-Match %s: %p", (ifNoneMatch, expected) => {
  expect(isNotModified({ ifNoneMatch, ifModifiedSince: undefined }, page)).toBe(expected);
});

test("If-Modified-Since counts only without If-None-Match, and only where it is a date", () => {
  const since = (ifModifiedSince: string, ifNoneMatch?: string) =>
    isNotModified({ ifNoneMatch, ifModifiedSince }, page);
  expect(since("Tue, 03 Nov 2026 10:00:00 GMT")).toBe(true);
  expect(since("Tue, 03 Nov 2026 09:59:59 GMT")).toBe(false);
  expect(since("yesterday")).toBe(false);
  expect(since("Tue, 03 Nov 2026 10:00:00 GMT", '"other"')).toBe(false);
  expect(
    isNotModified({ ifNoneMatch: undefined, ifModifiedSince: page.lastModified }, { ...page, lastModified: undefined }),
  ).toBe(false);
});

test("a weak tag stays weak in another coding", () => {
  expect(etagIn('W/"abc"', "br")).toBe('W/"abc-br"');
  expect(etagIn('"abc"', "identity")).toBe('"abc"');
});
