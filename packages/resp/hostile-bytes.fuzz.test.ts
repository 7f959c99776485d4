/**
 * Valid streams, damaged at random: each scanner against a parser that is written to be obviously right (slow, on text),
 * whole, cut off anywhere and in pieces. LARDER_SEED=… replays a failure; LARDER_FUZZ_ROUNDS=… makes it longer.
 */
import { describe, expect, test } from "bun:test";
import { decodeReply, ReplyError } from "./decode.ts";
import { encodeRequest } from "./encode.ts";
import { ReplyScanner } from "./reply-scanner.ts";
import { RequestFollower } from "./request-follower.ts";
import {
  authenticatedLimits,
  type RequestLimits,
  RequestScanner,
  Scan,
  unauthenticatedLimits,
} from "./request-scanner.ts";

const seed = Number(process.env.LARDER_SEED ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const rounds = Number(process.env.LARDER_FUZZ_ROUNDS ?? 4_000);
const bulkBytesMax = 1 << 20;

type Random = (below: number) => number;

/** Mulberry32: small, seeded, good enough to vary a test. */
function randomFrom(start: number): Random {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)] as T;

const hostileNumbers = [
  "-1", "-0", "00", "01", "007", "-", "", "?", "11", "16385", "1048577", "2147483647", "2147483648", "4294967296",
  "536870913", "9223372036854775807", "9223372036854775808", "99999999999999999999", " 1", "1 ", "+1", "0x1", "1e3",
]; // biome-ignore format: a list

function damage(text: string, random: Random): string {
  const at = random(text.length + 1);
  switch (random(6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + pick(random, [..."\r\n$*:+->%~|_#=!(,0123456789-\0\xff"]) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + random(4));
    case 3:
      return text.slice(0, at) + text.slice(random(text.length + 1)) + text.slice(at);
    case 4: {
      const number = /\d+/g;
      number.lastIndex = at;
      const found = number.exec(text);
      if (found === null) return text;
      return text.slice(0, found.index) + pick(random, hostileNumbers) + text.slice(found.index + found[0].length);
    }
    default:
      return text;
  }
}

class Partial extends Error {}
class Malformed extends Error {}

/** Reads text from the start on; throws Partial at its end. */
class Reader {
  position = 0;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  byte(): string {
    const byte = this.text[this.position++];
    if (byte === undefined) throw new Partial();
    return byte;
  }

  /** The bytes up to CR LF. */
  line(): string {
    const end = this.text.indexOf("\n", this.position);
    if (end < 0) throw new Partial();
    const line = this.text.slice(this.position, end);
    this.position = end + 1;
    if (!line.endsWith("\r")) throw new Malformed();
    return line.slice(0, -1);
  }

  /** Digits up to CR LF. `isLength` says of what has come so far whether it can be one. */
  length(isLength: RegExp, error: string): number {
    let digits = "";
    for (let byte = this.byte(); byte !== "\r"; byte = this.byte()) {
      digits += byte;
      if (!isLength.test(digits) && digits !== "-") throw new Malformed(error);
    }
    if (!/^-?\d{1,18}$/.test(digits) || digits === "-0") throw new Malformed(error);
    if (this.byte() !== "\n") throw new Malformed(error);
    return Number(digits);
  }

  skip(count: number): string {
    const start = this.position;
    this.position += count;
    if (this.position > this.text.length) throw new Partial();
    return this.text.slice(start, this.position);
  }
}

type Found =
  | { kind: "request"; end: number; words: string[] }
  | { kind: "inline" | "empty"; end: number }
  | { kind: "partial" }
  | { kind: "malformed"; error: string };

/** As networking.c of Valkey reads requests. */
function readRequest(text: string, limits: RequestLimits): Found {
  if (text === "") return { kind: "partial" };
  if (text[0] !== "*") {
    const newline = text.indexOf("\n");
    if (newline < 0) return { kind: "partial" };
    return { kind: /^\r?$/.test(text.slice(0, newline)) ? "empty" : "inline", end: newline + 1 };
  }
  const reader = new Reader(text);
  try {
    reader.byte();
    const words = readArray(reader, limits);
    return words.length === 0
      ? { kind: "empty", end: reader.position }
      : { kind: "request", end: reader.position, words };
  } catch (error) {
    if (error instanceof Partial) return { kind: "partial" };
    return { kind: "malformed", error: (error as Error).message };
  }
}

const strictNumber = /^(-?0|-?[1-9]\d*)$/;

function readArray(reader: Reader, limits: RequestLimits): string[] {
  const count = reader.length(strictNumber, "invalid multibulk length");
  if (count > 2147483647) throw new Malformed("invalid multibulk length");
  if (count > limits.argumentsMax)
    throw new Malformed(limits.authenticated ? "invalid multibulk length" : "unauthenticated multibulk length");
  const words: string[] = [];
  while (words.length < count) {
    const type = reader.byte();
    if (type !== "$") throw new Malformed(`expected '$', got '${type >= " " && type < "\x7f" ? type : " "}'`);
    const length = reader.length(strictNumber, "invalid bulk length");
    if (length < 0 || length > 512 * 1024 * 1024) throw new Malformed("invalid bulk length");
    if (length > limits.bulkBytesMax) throw new Malformed("unauthenticated bulk length");
    words.push(reader.skip(length));
    reader.skip(2);
  }
  return words;
}

const scanner = new RequestScanner();

function scanRequest(bytes: Buffer, start: number, limits: RequestLimits): Found {
  const kind = scanner.scan(bytes, start, bytes.length, limits);
  const end = scanner.end - start;
  switch (kind) {
    case Scan.complete: {
      const count = Math.min(4, scanner.argumentCount);
      const words = Array.from({ length: count }, (_, index) =>
        bytes.toString("latin1", scanner.offsets[index * 2], scanner.offsets[index * 2 + 1]),
      );
      return { kind: "request", end, words };
    }
    case Scan.inline:
      return { kind: "inline", end };
    case Scan.empty:
      return { kind: "empty", end };
    case Scan.malformed:
      return { kind: "malformed", error: scanner.error };
    default:
      return { kind: "partial" };
  }
}

function follow(bytes: Buffer, cuts: readonly number[]): { follower: RequestFollower; end: number } {
  const follower = new RequestFollower();
  let end = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (end < cut) end = follower.next(bytes, end, cut);
    if (follower.complete || follower.malformed) break;
  }
  return { follower, end };
}

function randomRequests(random: Random): string {
  const requests = Array.from({ length: 1 + random(3) }, () =>
    random(8) === 0
      ? pick(random, ["PING\r\n", "GET k\n", "\r\n", "*0\r\n", "*-1\r\n"])
      : encodeRequest(Array.from({ length: 1 + random(4) }, () => "x\r\n$3*".slice(0, random(8)))).toString("latin1"),
  );
  return requests.join("");
}

function everyCut(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

/** The end of the reply, "partial" or "malformed". */
function readReply(text: string): number | "partial" | "malformed" {
  const reader = new Reader(text);
  try {
    skipReply(reader, "top");
    return reader.position;
  } catch (error) {
    if (error instanceof Partial) return "partial";
    if (error instanceof Malformed) return "malformed";
    throw error;
  }
}

const replyLength = /^-?\d{1,15}$/;

function skipReply(reader: Reader, place: "top" | "inside"): void {
  const type = reader.byte();
  if ("+-:_#,(".includes(type)) return void reader.line();
  if (!"$*>%~|!=".includes(type)) throw new Malformed();
  const length = reader.length(replyLength, "");
  if (Object.is(length, -0) || length < -1) throw new Malformed();
  if (length === -1) {
    if (type !== "$" && type !== "*") throw new Malformed();
    return;
  }
  if ("$!=".includes(type)) {
    if (length > bulkBytesMax) throw new Malformed();
    reader.skip(length);
    if (reader.byte() !== "\r" || reader.byte() !== "\n") throw new Malformed();
    return;
  }
  if (type === ">" && place === "inside") throw new Malformed();
  const elements = type === "%" || type === "|" ? length * 2 : length;
  for (let index = 0; index < elements; index++) skipReply(reader, "inside");
  if (type === "|") skipReply(reader, place);
}

function scanReply(bytes: Buffer, cuts: readonly number[]): number | "partial" | "malformed" {
  const replies = new ReplyScanner(bulkBytesMax);
  let position = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (position < cut) position = replies.next(bytes, position, cut);
    if (replies.malformed) return "malformed";
    if (replies.complete) return position;
  }
  return "partial";
}

function randomReply(random: Random, depth: number): string {
  const list = (type: string, count: number, elements = count) =>
    `${type}${count}\r\n${Array.from({ length: elements }, () => randomReply(random, depth - 1)).join("")}`;
  switch (random(depth > 0 ? 12 : 6)) {
    case 0:
      return pick(random, ["+OK\r\n", "-ERR x\r\n", ":-5\r\n", "_\r\n", "#t\r\n", ",inf\r\n", "(12345\r\n"]);
    case 1:
      return pick(random, ["$-1\r\n", "*-1\r\n", "$0\r\n\r\n", "*0\r\n", "%0\r\n", "|0\r\n:1\r\n"]);
    case 2:
    case 3:
    case 4:
    case 5: {
      const bulk = "\r\n+$:1".slice(0, random(7));
      return `${pick(random, ["$", "!", "="])}${bulk.length}\r\n${bulk}\r\n`;
    }
    case 6: {
      const pairs = 1 + random(2);
      return list("|", pairs, pairs * 2) + randomReply(random, depth - 1);
    }
    case 7: {
      const pairs = random(3);
      return list("%", pairs, pairs * 2);
    }
    case 8:
      return list(">", random(3));
    default:
      return list(pick(random, ["*", "~"]), random(4));
  }
}

describe(`hostile bytes (LARDER_SEED=${seed})`, () => {
  test("requests are read as by the plain parser, cut off anywhere", () => {
    const random = randomFrom(seed);
    for (let round = 0; round < rounds; round++) {
      const text = damage(randomRequests(random), random);
      const limits = pick(random, [authenticatedLimits, unauthenticatedLimits]);
      for (const length of [text.length, random(text.length + 1)]) {
        const shown = text.slice(0, length);
        const bytes = Buffer.from(shown, "latin1");
        for (let start = 0; ; ) {
          const expected = readRequest(shown.slice(start), limits);
          const found = scanRequest(bytes, start, limits);
          const firstWords = "words" in expected ? { ...expected, words: expected.words.slice(0, 4) } : expected;
          expect({ shown, start, found }).toEqual({ shown, start, found: firstWords });
          if (expected.kind === "partial" || expected.kind === "malformed") break;
          start += expected.end;
        }
      }
    }
  });

  test("a request is followed to where the scanner sees its end, and refused where the scanner refuses it", () => {
    const random = randomFrom(seed + 1);
    for (let round = 0; round < rounds; round++) {
      const text = damage(randomRequests(random), random);
      const expected = readRequest(text, authenticatedLimits);
      if (text[0] !== "*" || /^\*-/.test(text)) continue;
      const bytes = Buffer.from(text, "latin1");
      for (const cuts of [[], [random(text.length)], everyCut(text.length)]) {
        const { follower, end } = follow(bytes, cuts);
        if ("end" in expected)
          expect({ text, end, is: follower.complete }).toEqual({ text, end: expected.end, is: true });
        if ("error" in expected) expect({ text, error: follower.error }).toEqual({ text, error: expected.error });
        if (expected.kind === "partial") expect({ text, is: follower.complete }).toEqual({ text, is: false });
      }
    }
  });

  test("replies are read as by the plain parser, in any pieces", () => {
    const random = randomFrom(seed + 2);
    for (let round = 0; round < rounds; round++) {
      const text = damage(randomReply(random, 4), random);
      const bytes = Buffer.from(text, "latin1");
      const expected = readReply(text);
      for (const cuts of [[], [random(text.length + 1)], everyCut(text.length)])
        expect({ text, cuts, found: scanReply(bytes, cuts) }).toEqual({ text, cuts, found: expected });
    }
  });

  test("an answer to our own questions is decoded, awaited or refused: nothing else", () => {
    const random = randomFrom(seed + 3);
    for (let round = 0; round < rounds; round++) {
      const text = damage(randomReply(random, 4), random);
      const bytes = Buffer.from(text, "latin1");
      try {
        const decoded = decodeReply(bytes, 0);
        if (decoded === undefined) continue;
        expect(decoded.end).toBeGreaterThan(0);
        expect(decoded.end).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(ReplyError);
      }
    }
  });

  test("a request of many arguments that comes a byte at a time is not scanned over and over", () => {
    const bytes = encodeRequest(["MSET", ...Array.from({ length: 20_000 }, () => "x")]);
    let scans = 0;
    let needed = 1;
    for (let limit = 1; limit <= bytes.length; limit++) {
      if (limit < needed) continue;
      scans++;
      if (scanner.scan(bytes, 0, limit, authenticatedLimits) === Scan.complete) break;
      needed = scanner.needed;
    }
    expect(scanner.end).toBe(bytes.length);
    expect(scans).toBeLessThan(1_000);
  });
});
