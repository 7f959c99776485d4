import { describe, expect, test } from "bun:test";
import { ReplyScanner } from "./reply-scanner.ts";

function scan(text: string): ReplyScanner {
  const scanner = new ReplyScanner(1 << 20);
  const bytes = Buffer.from(text, "latin1");
  for (let position = 0; position < bytes.length && !scanner.malformed; )
    position = scanner.next(bytes, position, bytes.length);
  return scanner;
}

describe("ReplyScanner", () => {
  test.each([
    ["a type that does not exist", "?1\r\n"],
    ["a length that is no number", "$x\r\n"],
    ["a length with too many digits", "$1111111111111111\r\n"],
    ["a bulk over the limit", "$1048577\r\n"],
    ["a negative length", "$-2\r\n"],
    ["a null map", "%-1\r\n"],
    ["an empty length", "*\r\n"],
    ["streamed aggregates", "*?\r\n"],
    ["nesting without end", "*1\r\n".repeat(600)],
  ])("calls %s malformed", (_, text) => {
    expect(scan(text).malformed).toBe(true);
  });

  test("takes an attribute for part of the reply after it", () => {
    const scanner = scan("|1\r\n+ttl\r\n:5\r\n+value\r\n");
    expect(scanner.complete).toBe(true);
    expect(scan("|1\r\n+ttl\r\n:5\r\n").complete).toBe(false);
  });

  test("knows whether it is inside a reply, and of which type", () => {
    const scanner = scan("*2\r\n:1\r\n");
    expect([scanner.isInside, scanner.complete, scanner.type]).toEqual([true, false, 42]);
  });
});
