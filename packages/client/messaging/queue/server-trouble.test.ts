import { expect, test } from "bun:test";
import { ServerUnreachable } from "../../connection/connection.ts";
import { fateOf } from "./server-trouble.ts";

test.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", "refused"],
  ["NOPERM this user has no permissions to run the 'evalsha' command", "refused"],
  ["WRONGTYPE Operation against a key holding the wrong kind of value", "refused"],
  ["LOADING Valkey is loading the dataset in memory", "not done"],
  ["READONLY You can't write against a read only replica.", "not done"],
  ["OUTCOMEUNKNOWN the engine was lost after the command was sent", "unknown"],
  ["Socket closed unexpectedly", "unknown"],
  ["Connection is closed.", "unknown"],
] as const)("%s: %s", (message, fate) => {
  expect(fateOf(new Error(message))).toBe(fate);
});

test("what was not sent was not done", () => {
  expect(fateOf(new ServerUnreachable())).toBe("not done");
});
