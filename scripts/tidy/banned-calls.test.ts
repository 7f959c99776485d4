import { expect, test } from "bun:test";
import { bannedCalls } from "./banned-calls.ts";

function messages(text: string, path = "packages/gateway/a.ts") {
  return bannedCalls([{ path, text }]).map((problem) => `${problem.path} ${problem.message}`);
}

test("calls, constructions, functions passed on, and imports", () => {
  expect(messages("const a = Date.now();")).toEqual(["packages/gateway/a.ts:1 Date.now: use clock.nowMs()"]);
  expect(messages("\nlog(new Date().toISOString(), new Date);")).toHaveLength(2);
  expect(messages("start({ now: performance.now });")).toHaveLength(1);
  expect(messages(`import { randomUUID as id } from "node:crypto";`)).toHaveLength(1);
});

test("comments, strings and dates made from a time are fine", () => {
  expect(messages(`// Date.now()\nconst text = "Math.random"; const day = new Date(clock.nowMs());`)).toEqual([]);
});

test("the clock itself may", () => {
  expect(messages("Date.now()", "packages/service/clock.ts")).toEqual([]);
});
