/**
 * Both scanners against streams made at random, cut at every byte and into random pieces: where requests and replies end
 * must not depend on the cuts. LARDER_SEED=… replays a failure.
 */
import { describe, expect, test } from "bun:test";
import { encodeRequest } from "./encode.ts";
import { ReplyScanner } from "./reply-scanner.ts";
import { authenticatedLimits, collectArguments, RequestScanner, Scan } from "./request-scanner.ts";

const seed = Number(process.env.LARDER_SEED ?? crypto.getRandomValues(new Uint32Array(1))[0]);

/** Mulberry32: small, seeded, good enough to vary a test. */
function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function randomBytes(random: (below: number) => number, longest: number): Buffer {
  // CR, LF and type bytes are frequent: they are what a scanner could trip over.
  const alphabet = "\r\n$*:+->%~_#0123456789ab\0\xff";
  return Buffer.from(Array.from({ length: random(longest + 1) }, () => alphabet.charCodeAt(random(alphabet.length))));
}

const deepest = 4;

/** A push stands at the top only, behind attributes at most. */
function randomReply(random: (below: number) => number, depth = deepest, isTop = true): Buffer {
  const line = () => String(random(1000));
  const aggregate = (type: string, elements: number): Buffer =>
    Buffer.concat([
      Buffer.from(`${type}${elements}\r\n`),
      ...Array.from({ length: type === "%" || type === "|" ? elements * 2 : elements }, () =>
        randomReply(random, depth - 1, false),
      ),
    ]);
  switch (random(depth > 0 ? 15 : 10)) {
    case 0:
      return Buffer.from(`+${line()}\r\n`);
    case 1:
      return Buffer.from(`-ERR ${line()}\r\n`);
    case 2:
      return Buffer.from(`:-${line()}\r\n`);
    case 3:
      return Buffer.from("$-1\r\n");
    case 4:
      return Buffer.from("*-1\r\n");
    case 5:
      return Buffer.from("_\r\n");
    case 6:
      return Buffer.from(",1.5e3\r\n");
    case 7:
      return Buffer.from("#t\r\n");
    case 8:
    case 9: {
      const bytes = randomBytes(random, 40);
      const type = ["$", "=", "!"][random(3)];
      return Buffer.concat([Buffer.from(`${type}${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]);
    }
    case 10:
      return Buffer.concat([aggregate("|", 1 + random(2)), randomReply(random, depth - 1, isTop)]);
    case 11:
      return aggregate("%", random(3));
    case 12:
      return aggregate("~", random(4));
    case 13:
      return aggregate(isTop ? ">" : "*", random(4));
    default:
      return aggregate("*", random(5));
  }
}

/** Offsets in the whole stream at which replies end, scanned in pieces that end at `cuts`. */
function replyEnds(stream: Buffer, cuts: readonly number[]): number[] {
  const scanner = new ReplyScanner(1 << 20);
  const ends: number[] = [];
  let start = 0;
  for (const cut of [...cuts, stream.length]) {
    for (let position = start; position < cut; ) {
      position = scanner.next(stream, position, cut);
      if (scanner.malformed) throw new Error(`malformed at ${position}`);
      if (scanner.complete) ends.push(position);
    }
    start = cut;
  }
  return ends;
}

/** The same for requests, as a caller does it: what was not used comes again with more. */
function requestEnds(stream: Buffer, cuts: readonly number[]): number[] {
  const scanner = new RequestScanner();
  const ends: number[] = [];
  let position = 0;
  for (const cut of [...cuts, stream.length]) {
    for (;;) {
      const found = scanner.scan(stream, position, cut, authenticatedLimits);
      if (found === Scan.partial) {
        expect(scanner.needed).toBeGreaterThan(cut - position);
        break;
      }
      expect(found).toBe(Scan.complete);
      position = scanner.end;
      ends.push(position);
    }
  }
  return ends;
}

function randomCuts(random: (below: number) => number, length: number): number[] {
  return Array.from({ length: 1 + random(6) }, () => random(length)).sort((a, b) => a - b);
}

describe(`scanners (LARDER_SEED=${seed})`, () => {
  test("replies end at the same places wherever the stream is cut", () => {
    const random = randomFrom(seed);
    for (let round = 0; round < 300; round++) {
      const replies = Array.from({ length: 1 + random(5) }, () => randomReply(random));
      const stream = Buffer.concat(replies);
      let end = 0;
      const ends = replies.map((reply) => (end += reply.length));
      expect(replyEnds(stream, [])).toEqual(ends);
      for (let cut = 0; cut <= stream.length; cut++) expect(replyEnds(stream, [cut])).toEqual(ends);
      const everyByte = Array.from({ length: stream.length }, (_, index) => index);
      expect(replyEnds(stream, everyByte)).toEqual(ends);
      expect(replyEnds(stream, randomCuts(random, stream.length))).toEqual(ends);
    }
  });

  test("requests end at the same places wherever the stream is cut, and their arguments come back", () => {
    const random = randomFrom(seed + 1);
    for (let round = 0; round < 300; round++) {
      const words = Array.from({ length: 1 + random(5) }, () =>
        Array.from({ length: 1 + random(6) }, () => randomBytes(random, 30)),
      );
      const requests = words.map((each) => encodeRequest(each));
      const stream = Buffer.concat(requests);
      let end = 0;
      const ends = requests.map((request) => (end += request.length));
      const everyByte = Array.from({ length: stream.length }, (_, index) => index);
      for (let cut = 0; cut <= stream.length; cut++) expect(requestEnds(stream, [cut])).toEqual(ends);
      expect(requestEnds(stream, everyByte)).toEqual(ends);
      expect(requestEnds(stream, randomCuts(random, stream.length))).toEqual(ends);
      words.forEach((each, index) => {
        expect(collectArguments(stream, (ends[index] as number) - (requests[index] as Buffer).length)).toEqual(each);
      });
    }
  });

  test("no bytes make a scanner throw, go back or pass the end", () => {
    const random = randomFrom(seed + 2);
    const scanner = new RequestScanner();
    for (let round = 0; round < 20_000; round++) {
      const bytes = randomBytes(random, 60);
      const found = scanner.scan(bytes, 0, bytes.length, authenticatedLimits);
      if (found === Scan.complete || found === Scan.inline || found === Scan.empty) {
        expect(scanner.end).toBeGreaterThan(0);
        expect(scanner.end).toBeLessThanOrEqual(bytes.length);
      }
      const replies = new ReplyScanner(1 << 20);
      for (let position = 0; position < bytes.length && !replies.malformed; ) {
        const next = replies.next(bytes, position, bytes.length);
        expect(next).toBeGreaterThan(position);
        expect(next).toBeLessThanOrEqual(bytes.length);
        position = next;
      }
    }
  });
});
