import { describe, expect, test } from "bun:test";
import type { Reply } from "./reply.ts";
import { ReplyDecoder } from "./reply-decoder.ts";

const stream = [
  "+OK\r\n",
  "-ERR no\r\n",
  ":-12\r\n",
  "$5\r\na\r\nbc\r\n",
  "$0\r\n\r\n",
  "$-1\r\n",
  "*-1\r\n",
  "*0\r\n",
  "*3\r\n:1\r\n*2\r\n+a\r\n*0\r\n$1\r\nb\r\n",
  "_\r\n",
  "#t\r\n",
  ",1.5\r\n",
  "(12345678901234567890\r\n",
  "=7\r\ntxt:abc\r\n",
  "!5\r\nERR x\r\n",
  "%2\r\n+k\r\n:1\r\n+m\r\n~2\r\n+x\r\n+y\r\n",
  "|1\r\n+ttl\r\n:9\r\n$1\r\nv\r\n",
  "*2\r\n|1\r\n+a\r\n*1\r\n+b\r\n:1\r\n:2\r\n",
  ">2\r\n+message\r\n+hi\r\n",
].join("");

const string = (text: string): Reply => ({ kind: "string", bytes: Buffer.from(text) });
const status = (text: string): Reply => ({ kind: "status", text });
const integer = (text: string): Reply => ({ kind: "integer", text });

const expected: Reply[] = [
  status("OK"),
  { kind: "error", text: "ERR no" },
  integer("-12"),
  string("a\r\nbc"),
  string(""),
  { kind: "null" },
  { kind: "null" },
  { kind: "array", items: [] },
  {
    kind: "array",
    items: [integer("1"), { kind: "array", items: [status("a"), { kind: "array", items: [] }] }, string("b")],
  },
  { kind: "null" },
  { kind: "boolean", value: true },
  { kind: "double", text: "1.5" },
  { kind: "big-number", text: "12345678901234567890" },
  { kind: "verbatim", bytes: Buffer.from("abc") },
  { kind: "error", text: "ERR x" },
  { kind: "map", items: [status("k"), integer("1"), status("m"), { kind: "set", items: [status("x"), status("y")] }] },
  string("v"),
  { kind: "array", items: [integer("1"), integer("2")] },
  { kind: "push", items: [status("message"), status("hi")] },
];

function decode(chunks: Buffer[]): Reply[] {
  const decoder = new ReplyDecoder();
  return chunks.flatMap((chunk) => decoder.push(chunk));
}

describe("replies", () => {
  const bytes = Buffer.from(stream);

  test("in one piece", () => {
    expect(decode([bytes])).toEqual(expected);
  });

  test("cut in two at every byte", () => {
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(decode([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(expected);
  });

  test("byte by byte", () => {
    expect(decode([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  test("what is not RESP is refused", () => {
    for (const text of ["HTTP/1.1 400\r\n", "$x\r\n", "*99999999999\r\n", `+${"x".repeat(70_000)}`])
      expect(() => decode([Buffer.from(text)])).toThrow("RESP");
  });
});
