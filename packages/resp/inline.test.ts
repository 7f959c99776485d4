import { expect, test } from "bun:test";
import { parseInline } from "./inline.ts";

const words = (line: string) => parseInline(Buffer.from(line, "latin1"))?.map((word) => word.toString("latin1"));

test.each([
  ["SET k v\r\n", ["SET", "k", "v"]],
  ["  SET\tk   v \r\n", ["SET", "k", "v"]],
  [`SET k "a b\\n\\x41\\"\\q"`, ["SET", "k", 'a b\nA"q']],
  [`SET k 'a "b\\' c'`, ["SET", "k", `a "b' c`]],
  [`SET k ""`, ["SET", "k", ""]],
  ["\r\n", []],
])("%p", (line, expected) => {
  expect(words(line)).toEqual(expected);
});

test.each(['SET k "a', "SET k 'a", 'SET k "a"b'])("%p does not balance", (line) => {
  expect(words(line)).toBeUndefined();
});
