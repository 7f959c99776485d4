/** Forms that no engine of today writes, made by hand; and what each form must not get away with. */
import { expect, test } from "bun:test";
import type { RdbEncodingName } from "../encodings.ts";
import { type Bytes, double, latin1, length, milliseconds, string } from "../rdb-bytes.ts";
import { RdbError } from "../rdb-error.ts";
import type { ByteSpan } from "./byte-span.ts";
import { IgnoringSink } from "./element-sink.ts";
import { ValueDecoder } from "./value-decoder.ts";

class Told extends IgnoringSink {
  readonly lines: string[] = [];

  override string(piece: ByteSpan, isLast: boolean): void {
    this.lines.push(`${piece.latin1()}${isLast ? "" : "…"}`);
  }
  override item(item: ByteSpan): void {
    this.lines.push(item.latin1());
  }
  override member(member: ByteSpan): void {
    this.lines.push(member.latin1());
  }
  override scored(member: ByteSpan, score: number): void {
    this.lines.push(`${member.latin1()} ${score}`);
  }
  override field(field: ByteSpan, value: ByteSpan, expiresAtMs: number | null): void {
    this.lines.push(`${field.latin1()}=${value.latin1()}${expiresAtMs === null ? "" : ` until ${expiresAtMs}`}`);
  }
}

const valueOffset = 1000;

function tell(encoding: RdbEncodingName, value: Bytes): string[] {
  const told = new Told();
  const bytes = Uint8Array.from(value);
  const decoder = new ValueDecoder(told);
  decoder.decode({ encoding, valueBytes: bytes, valueStart: 0, valueEnd: bytes.length, valueOffset });
  return told.lines;
}

function packed(bytes: Bytes): Bytes {
  return [...length(bytes.length), ...bytes];
}

function ziplist(last: number, count: number, ...entries: Bytes[]): Bytes {
  const body = entries.flat();
  const size = 10 + body.length + 1;
  return packed([size, 0, 0, 0, last, 0, 0, 0, count, 0, ...body, 255]);
}

function listpack(count: number, ...entries: Bytes[]): Bytes {
  const body = entries.flat();
  return packed([6 + body.length + 1, 0, 0, 0, count, 0, ...body, 255]);
}

test("scores as text", () => {
  const value = [4, ...string("a"), 3, ...latin1("1.5"), ...string("b"), 254, ...string("c"), 255];
  expect(tell("zset", [...value, ...string("d"), 6, ...latin1("-2e-10")])).toEqual([
    "a 1.5",
    "b Infinity",
    "c -Infinity",
    "d -2e-10",
  ]);
  expect(() => tell("zset", [1, ...string("a"), 253])).toThrow("found NaN");
});

test("a zipmap, with unused bytes behind a value", () => {
  const fields = [3, ...latin1("one"), 1, 0, ...latin1("1"), 1, ...latin1("b"), 2, 3, ...latin1("yyxxx")];
  expect(tell("hash-zipmap", packed([2, ...fields, 255]))).toEqual(["one=1", "b=yy"]);
  const long = "x".repeat(300);
  const wide = [254, 44, 1, 0, 0];
  expect(tell("hash-zipmap", packed([1, ...wide, ...latin1(long), ...wide, 0, ...latin1(long), 255]))).toEqual([
    `${long}=${long}`,
  ]);
});

test("a ziplist, with integers of all widths", () => {
  const entries = [
    [0, 0xf1],
    [2, 0xfd],
    [2, 0xfe, 0x80],
    [3, 0xc0, 0, 0x80],
    [4, 0xf0, 0, 0, 0x80],
    [5, 0xd0, 0, 0, 0, 0x80],
    [6, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80],
    [10, 1, ...latin1("a")],
  ];
  const wanted = ["0", "12", "-128", "-32768", "-8388608", "-2147483648", "-9223372036854775808", "a"];
  expect(tell("list-ziplist", ziplist(10 + 32, 8, ...entries))).toEqual(wanted);
});

test("hashes of the release candidates of Redis 7.4", () => {
  const time = 4_000_000_000_000;
  const timed = [1, ...length(time), ...string("f"), ...string("v")];
  expect(tell("hash-metadata-pre-ga", timed)).toEqual([`f=v until ${time}`]);
  const text = (letter: string) => [0x81, ...latin1(letter), 2];
  const at = [0xf4, ...milliseconds(BigInt(time)), 9];
  const value = listpack(6, text("f"), text("v"), at, text("g"), text("w"), [0, 1]);
  expect(tell("hash-listpack-ex-pre-ga", value)).toEqual([`f=v until ${time}`, "g=w"]);
});

test("what comes in parts is given as soon as it is there", () => {
  const told = new Told();
  const decoder = new ValueDecoder(told);
  decoder.begin("string", valueOffset);
  const bytes = Uint8Array.from(string("abcdef"));
  for (const [from, to] of [
    [0, 3],
    [3, 4],
    [4, 7],
  ] as const) {
    decoder.push(bytes.subarray(from, to));
    while (decoder.step()) {}
  }
  decoder.end();
  expect(decoder.step()).toBe(false);
  expect([told.lines, decoder.isOver]).toEqual([["ab…", "c…", "def"], true]);
});

test.each<[what: string, RdbEncodingName, Bytes, message: string]>([
  ["a wrong length backwards", "hash-listpack", listpack(1, [0x81, 97, 3]), "says backwards that it has 3"],
  ["a wrong count", "set-listpack", listpack(2, [1, 1]), "says 2 elements and has 1"],
  ["an element beyond the end", "set-listpack", listpack(1, [0xbf, 97, 2]), "reaches beyond the listpack"],
  ["a wrong length before", "list-ziplist", ziplist(12, 2, [0, 0xf1], [3, 0xf1]), "behind an element of 2 bytes"],
  ["a wrong last element", "list-ziplist", ziplist(10, 2, [0, 0xf1], [2, 0xf1]), "last element is not where"],
  ["a field without value", "hash-listpack", listpack(1, [1, 1]), "expected the value of a field"],
  ["a score that is none", "zset-listpack", listpack(2, [1, 1], [0x81, 97, 2]), "expected a score"],
  ["an odd intset", "set-intset", packed([2, 0, 0, 0, 2, 0, 0, 0, 1, 0]), "says 2 integers"],
  ["NaN", "zset-2", [1, ...string("a"), ...double(Number.NaN)], "found NaN"],
  ["a count of terabytes", "set", [0x81, 0, 0, 1, 0, 0, 0, 0, 0], "expected 1 bytes more at offset 1009"],
  ["a string of terabytes", "set", [1, 0x81, 0, 0, 1, 0, 0, 0, 0, 0], "more than stringBytesMax"],
  ["a compressed string that grows too much", "set", [1, 0xc3, 1, 0x80, 1, 0, 0, 0, 7], "cannot become 16777216"],
  ["bytes behind the value", "set", [0, 7], "found 1 bytes more"],
])("%s is refused", (_what, encoding, value, message) => {
  expect(() => tell(encoding, value)).toThrow(RdbError);
  expect(() => tell(encoding, value)).toThrow(message);
});

test("a module's value is refused by the module's name", () => {
  const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  let id = 0n;
  for (const character of "ReJSON-RL") id = (id << 6n) | BigInt(characters.indexOf(character));
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, (id << 10n) | 3n);
  const value = [0x81, ...new Uint8Array(bytes.buffer), 0];
  expect(() => tell("module-2", value)).toThrow("the module type ReJSON-RL, version 3, cannot be decoded");
});
