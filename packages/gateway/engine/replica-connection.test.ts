import { expect, test } from "bun:test";
import { refusalAt } from "./replica-connection.ts";

test.each([
  ["-MASTERDOWN Link with MASTER is down", "yes"],
  ["-LOADING the dataset", "yes"],
  ["-MASTERDO", "maybe"],
  ["-", "maybe"],
  ["-LOADINGS", "no"],
  ["-WRONGTYPE Operation", "no"],
  ["+OK", "no"],
  ["$11\r\n-MASTERDOWN\r\n", "no"],
] as const)("%p: %s", (reply, expected) => {
  expect(refusalAt(Buffer.from(`+OK\r\n${reply}`), 5)).toBe(expected);
});
