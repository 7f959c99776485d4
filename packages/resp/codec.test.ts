import { expect, test } from "bun:test";
import { decodeReply, ReplyError } from "./decode.ts";
import { encodeError, encodeReply, encodeRequest } from "./encode.ts";

test("what is encoded is decoded, in both protocols", () => {
  const value = {
    map: [
      ["a", 1],
      ["b", ["x", null, { status: "OK" }]],
    ] as [string, never][],
  };
  for (const protocol of [2, 3] as const) {
    const bytes = Buffer.from(encodeReply(value, protocol));
    expect(decodeReply(bytes, 0)).toEqual({ value: ["a", 1, "b", ["x", null, "OK"]], end: bytes.length });
    for (let length = 0; length < bytes.length; length++)
      expect(decodeReply(bytes.subarray(0, length), 0)).toBeUndefined();
  }
});

test("errors are values, and cannot be ended early by their text", () => {
  expect(encodeError("ERR a\r\n+OK\r\n")).toBe("-ERR a +OK \r\n");
  expect(decodeReply(Buffer.from("-ERR no\r\n"), 0)?.value).toBeInstanceOf(ReplyError);
});

test("requests count bytes, not characters", () => {
  expect(encodeRequest(["GET", "ä"]).toString()).toBe("*2\r\n$3\r\nGET\r\n$2\r\nä\r\n");
});
