/** The expected texts are what valkey-cli 8.0.1 printed for the same replies. */
import { describe, expect, test } from "bun:test";
import type { Reply } from "./reply.ts";
import { formatReply } from "./reply-format.ts";

const string = (text: string | Buffer): Reply => ({ kind: "string", bytes: Buffer.from(text) });
const integer = (value: number): Reply => ({ kind: "integer", text: String(value) });
const array = (...items: Reply[]): Reply => ({ kind: "array", items });
const map = (...items: Reply[]): Reply => ({ kind: "map", items });
const set = (...items: Reply[]): Reply => ({ kind: "set", items });

const terminal = (reply: Reply) => String(formatReply(reply, "terminal"));
const pipe = (reply: Reply) => String(formatReply(reply, "pipe"));

describe("for a terminal", () => {
  test("scalars", () => {
    expect(terminal({ kind: "status", text: "OK" })).toBe("OK\n");
    expect(terminal({ kind: "error", text: "ERR no" })).toBe("(error) ERR no\n");
    expect(terminal(integer(12))).toBe("(integer) 12\n");
    expect(terminal({ kind: "double", text: "3.141" })).toBe("(double) 3.141\n");
    expect(terminal({ kind: "null" })).toBe("(nil)\n");
    expect(terminal({ kind: "boolean", value: false })).toBe("(false)\n");
    expect(terminal({ kind: "verbatim", bytes: Buffer.from("two\nlines") })).toBe("two\nlines\n");
  });

  test("strings are quoted, bytes outside printable ASCII escaped", () => {
    expect(terminal(string('a"b\\c\n\r\t\x07\x08'))).toBe('"a\\"b\\\\c\\n\\r\\t\\a\\b"\n');
    expect(terminal(string(Buffer.from([0, 0xff, 0x7f])))).toBe('"\\x00\\xff\\x7f"\n');
    expect(terminal(string("é"))).toBe('"\\xc3\\xa9"\n');
  });

  test("empty aggregates", () => {
    expect([array(), map(), set()].map(terminal).join("")).toBe("(empty array)\n(empty hash)\n(empty set)\n");
  });

  test("numbers are aligned", () => {
    const text = terminal(array(...Array.from({ length: 10 }, (_, index) => integer(index))));
    expect(text.split("\n")[0]).toBe(" 1) (integer) 0");
    expect(text.split("\n")[9]).toBe("10) (integer) 9");
  });

  test("nested arrays are indented below their number", () => {
    expect(terminal(array(integer(1), array(integer(2), array(integer(3), array())), string("x")))).toBe(
      '1) (integer) 1\n2) 1) (integer) 2\n   2) 1) (integer) 3\n      2) (empty array)\n3) "x"\n',
    );
  });

  test("maps and sets; tall values of a map go below it", () => {
    expect(terminal(map(string("a"), integer(1), string("b"), set(string("x"))))).toBe(
      '1# "a" => (integer) 1\n2# "b" => 1~ "x"\n',
    );
    expect(terminal(map(string("a"), map(string("x"), integer(1), string("y"), integer(2))))).toBe(
      '1# "a" => \n   1# "x" => (integer) 1\n   2# "y" => (integer) 2\n',
    );
  });
});

describe("for a pipe", () => {
  test("bare values, a line each", () => {
    expect(pipe(array(string("a"), integer(1), { kind: "null" }, array(string("b"), string("c"))))).toBe(
      "a\n1\n\nb\nc\n",
    );
    expect(pipe(map(string("k"), string("v"), string("l"), string("w")))).toBe("k v\nl w\n");
    expect(pipe({ kind: "error", text: "ERR no" })).toBe("ERR no\n\n");
  });

  test("bytes stay bytes", () => {
    expect(formatReply(string(Buffer.from([0xff, 0])), "pipe")).toEqual(Buffer.from([0xff, 0, 0x0a]));
  });
});

test("reports are printed as they are", () => {
  expect(String(formatReply(string("# Server\r\n"), "terminal", true))).toBe("# Server\r\n");
});

test("as JSON", () => {
  const reply = map(
    string("n"),
    integer(1),
    string("big"),
    { kind: "integer", text: "9007199254740993" },
    integer(3),
    set(),
  );
  expect(formatReply(reply, "json")).toBe('{"3":[],"n":1,"big":"9007199254740993"}\n');
});
