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
    ["nesting without end", "*1\r\n".repeat(9000)],
    ["a push inside a reply", "*2\r\n:1\r\n>1\r\n+x\r\n"],
    ["a push among attributes", "|1\r\n+a\r\n>1\r\n+x\r\n"],
    ["streamed strings", "$?\r\n;4\r\nabcd\r\n;0\r\n"],
    ["a line without CR", "+OK\n"],
    ["a length without CR", "$2\nab\r\n"],
    ["a bulk that is longer than it says", "$2\r\nabc\r\n"],
    ["a bulk with half an end", "$2\r\nab\rx"],
  ])("calls %s malformed", (_, text) => {
    expect(scan(text).malformed).toBe(true);
  });

  test("takes an attribute for part of the reply after it", () => {
    const scanner = scan("|1\r\n+ttl\r\n:5\r\n+value\r\n");
    expect(scanner.complete).toBe(true);
    expect(scan("|1\r\n+ttl\r\n:5\r\n").complete).toBe(false);
  });

  test.each([
    ["|1\r\n+ttl\r\n:5\r\n>2\r\n+x\r\n+y\r\n", ">"],
    ["|1\r\n+a\r\n|1\r\n+b\r\n+c\r\n+d\r\n|0\r\n%1\r\n+k\r\n+v\r\n", "%"],
    ["*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n", "*"],
  ])("gives the type of the reply, not of attributes or elements: %j", (text, type) => {
    const scanner = scan(text);
    expect([scanner.complete, String.fromCharCode(scanner.type)]).toEqual([true, type]);
  });

  test("follows what a script can nest", () => {
    expect(scan(`${"*1\r\n".repeat(7900)}:1\r\n`).complete).toBe(true);
  });

  test("knows whether it is inside a reply, and of which type", () => {
    const scanner = scan("*2\r\n:1\r\n");
    expect([scanner.isInside, scanner.complete, scanner.type]).toEqual([true, false, 42]);
  });
});
