import { expect, test } from "bun:test";
import { compareIds, isEventId, publishedMs } from "./event-id.ts";

test("ids are ordered by their numbers, not their letters", () => {
  const ids = ["0-0", "0-1", "9-9", "9-10", "10-0", "1795298007839-0", "18446744073709551615-18446744073709551615"];
  expect(ids.toReversed().sort(compareIds)).toEqual(ids);
  expect(compareIds("5-5", "5-5")).toBe(0);
});

test.each(["", "now", "1", "-1-0", "1-0 ", "1-0\n", "(1-0", `${"1".repeat(21)}-0`, null, 7])("%p is no id", (text) => {
  expect(isEventId(text)).toBe(false);
});

test("an id says when it was published", () => {
  expect(publishedMs("1795298007839-3")).toBe(1_795_298_007_839);
});
