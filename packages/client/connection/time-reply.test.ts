import { expect, test } from "bun:test";
import { serverMsOf } from "./time-reply.ts";

test("seconds and microseconds, as text or bytes", () => {
  expect(serverMsOf(["1700000000", Buffer.from("123456")])).toBe(1_700_000_000_123.456);
});
