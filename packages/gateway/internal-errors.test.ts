import { expect, test } from "bun:test";
import type { Log } from "@larder/service";
import { logInternalErrorsTo, noteIfInternal, noteInternalError } from "./internal-errors.ts";
import { counters } from "./metrics.ts";

interface Logged {
  peer: string;
  kind: string;
  stack: string[];
  times: number;
}

function keepLogged(): Logged[] {
  const logged: Logged[] = [];
  logInternalErrorsTo({ error: (fields: Logged) => logged.push(fields) } as unknown as Log);
  return logged;
}

test("it is logged where, and not with what", () => {
  const logged = keepLogged();
  noteInternalError(new RangeError("the value\n    at secret (value.ts:1:1)\nis too long"), "client");
  noteInternalError(new Error(""), "engine");
  expect(logged.map(({ peer, kind, times }) => [peer, kind, times])).toEqual([
    ["client", "RangeError", 1],
    ["engine", "Error", 1],
  ]);
  for (const { stack } of logged) expect(stack[0]).toContain("internal-errors.test.ts");
  expect(JSON.stringify(logged)).not.toContain("value");
});

test("what is thrown again and again is logged ever more seldom, and always counted", () => {
  const logged = keepLogged();
  const before = counters.larder_gateway_internal_errors_total;
  for (let round = 0; round < 100; round++) noteInternalError(new Error(String(round)), "worker");
  expect(logged.map(({ times }) => times)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  expect(counters.larder_gateway_internal_errors_total - before).toBe(100);
});

test("a failure of a socket, which has no stack, is none", () => {
  const logged = keepLogged();
  const failure = Object.assign(new Error("bad record"), { code: "EPROTO" });
  for (const stack of [undefined, "Error: bad record", "Error: bad record\n    at connect (unknown)"])
    expect(noteIfInternal(Object.assign(failure, { stack }), "client")).toBe(false);
  expect(noteIfInternal(new Error("thrown"), "client")).toBe(true);
  expect(noteIfInternal("thrown", "client")).toBe(true);
  expect(logged.map(({ kind }) => kind)).toEqual(["Error", "string"]);
});
