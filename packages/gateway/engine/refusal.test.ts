import { expect, test } from "bun:test";
import { demotedRefusals, refusalAt, unreadableRefusals } from "./refusal.ts";

test.each([
  ["-MASTERDOWN Link with MASTER is down", "yes", "yes"],
  ["-READONLY You can't write against a read only replica.", "yes", "no"],
  ["-LOADING the dataset", "no", "yes"],
  ["-MASTERDO", "maybe", "maybe"],
  ["-READ", "maybe", "no"],
  ["-", "maybe", "maybe"],
  ["-LOADINGS", "no", "no"],
  ["-WRONGTYPE Operation", "no", "no"],
  ["+OK", "no", "no"],
  ["$11\r\n-MASTERDOWN\r\n", "no", "no"],
] as const)("%p as the answer of a former primary: %s, of a replica: %s", (reply, demoted, unreadable) => {
  const bytes = Buffer.from(`+OK\r\n${reply}`);
  expect(refusalAt(bytes, 5, demotedRefusals)).toBe(demoted);
  expect(refusalAt(bytes, 5, unreadableRefusals)).toBe(unreadable);
});
