import { expect, test } from "bun:test";
import { directiveMs, parseCacheControl } from "./cache-control.ts";

test("directives with and without values, quoted, in any case; of two the first", () => {
  const directives = parseCacheControl('Public, MAX-AGE=60 ,private="set-cookie, x", max-age=0, x="a\\"b"');
  expect(Object.fromEntries(directives)).toEqual({
    public: "",
    "max-age": "60",
    private: "set-cookie, x",
    x: 'a\\"b',
  });
  expect(parseCacheControl(undefined).size).toBe(0);
});

test.each([
  ["max-age=60", 60_000],
  ['max-age="60"', 60_000],
  ["public", undefined],
  ["max-age", 0],
  ["max-age=-1", 0],
  ["max-age=1.5", 0],
  ["max-age=soon", 0],
  [`max-age=${"9".repeat(40)}`, 2 ** 31 * 1_000],
])("%s is %p ms", (header, ms) => {
  expect(directiveMs(parseCacheControl(header), "max-age")).toBe(ms as number);
});
