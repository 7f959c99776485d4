import { expect, test } from "bun:test";
import { splitLine } from "./input-line.ts";

const split = (line: string) => splitLine(line)?.map(String);

test.each([
  ["", []],
  ["   ", []],
  ["get key", ["get", "key"]],
  ["  set\tkey   value ", ["set", "key", "value"]],
  ['set k "two words"', ["set", "k", "two words"]],
  ["set k 'two words'", ["set", "k", "two words"]],
  ['set k ""', ["set", "k", ""]],
  ['"a\\n\\r\\t\\"b\\\\"', ['a\n\r\t"b\\']],
  ["'a\\'b\\n'", ["a'b\\n"]],
  ['pre"fix"', ["prefix"]],
  ["set k Grüße 😀", ["set", "k", "Grüße", "😀"]],
  ['"\\q\\😀"', ["q😀"]],
])("%s", (line, words) => {
  expect(split(line)).toEqual(words);
});

test("bytes by their hexadecimal value", () => {
  expect(splitLine('"\\x00\\xFFa\\xg"')).toEqual([Buffer.from([0x00, 0xff, 0x61, 0x78, 0x67])]);
});

test.each(['"open', "'open", '"closed"too', "'closed'too", '"ends in \\'])("%s does not match up", (line) => {
  expect(splitLine(line)).toBeUndefined();
});
