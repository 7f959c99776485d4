/**
 * Files of every form at random, read whole, in random chunks and in parts; then damaged: read through or refused with
 * an RdbError, the same whatever the chunks. LARDER_SEED=… replays a failure; LARDER_FUZZ_ROUNDS=… makes it longer.
 */
import { describe, expect, test } from "bun:test";
import { encodingOf, type Piece, type RdbFamily } from "./encodings.ts";
import { defaultRdbLimits, type RdbLimits } from "./limits.ts";
import { type Bytes, compressed, file, latin1, length, length64, milliseconds, string } from "./rdb-bytes.ts";
import { RdbError } from "./rdb-error.ts";
import { tellItems } from "./told-items.ts";

const seed = Number(process.env.LARDER_SEED ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const rounds = Number(process.env.LARDER_FUZZ_ROUNDS ?? 150);

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

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)] as T;
}

function randomBytes(random: Random, count: number): Bytes {
  return Array.from({ length: count }, () => random(256));
}

function randomLength(random: Random): Bytes {
  const small = random(300);
  return pick(random, [length(small), length64(BigInt(small)), [0x80, 0, 0, 0, small & 0xff], length(random(2 ** 31))]);
}

function randomString(random: Random): Bytes {
  switch (random(6)) {
    case 0:
      return [0xc0, random(256)];
    case 1:
      return [0xc1, ...randomBytes(random, 2)];
    case 2:
      return [0xc2, ...randomBytes(random, 4)];
    case 3:
      return compressed([0, random(256), 0xe0, 10 + random(200), 0], 1);
    case 4:
      return string("x".repeat(random(400)));
    default:
      return string("y".repeat(random(20)));
  }
}

/** The compressed forms above say a wrong length where nobody decompresses; where somebody does they must be right. */
function randomName(random: Random): Bytes {
  const repeated = 10 + random(200);
  return pick(random, [
    string("key".repeat(random(30))),
    [0xc1, ...randomBytes(random, 2)],
    compressed([0, 0x6b, 0xe0, repeated, 0], 1 + repeated + 7 + 2),
  ]);
}

function randomPiece(random: Random, piece: Piece): Bytes {
  if (typeof piece === "number") return randomBytes(random, piece);
  if (typeof piece === "object") {
    const count = pick(random, [0, 1, 2, random(12)]);
    return [...length(count), ...Array.from({ length: count }, () => randomPieces(random, piece.each)).flat()];
  }
  switch (piece) {
    case "length":
      return randomLength(random);
    case "string":
      return randomString(random);
    case "score":
      return pick(random, [[253], [254], [255], [3, ...latin1("1.5")]]);
    case "module":
      return [...Array.from({ length: random(5) }, () => randomModulePiece(random)).flat(), 0];
  }
}

function randomPieces(random: Random, shape: readonly Piece[]): Bytes {
  return shape.flatMap((piece) => randomPiece(random, piece));
}

function randomModulePiece(random: Random): Bytes {
  return pick(random, [
    [1, ...randomLength(random)],
    [2, ...randomLength(random)],
    [3, ...randomBytes(random, 4)],
    [4, ...randomBytes(random, 8)],
    [5, ...randomString(random)],
  ]);
}

function randomOpcode(random: Random, family: RdbFamily): Bytes {
  const ofFamily =
    family === "redis"
      ? [243, ...randomPieces(random, [{ each: [4, "module"] }])]
      : [243, ...randomName(random), 1, ...length(random(16_384)), ...length(random(16_384))];
  return pick(random, [
    [250, ...randomName(random), ...randomName(random)],
    [254, ...length(random(16))],
    [251, ...length(random(2 ** 30)), ...length(random(100))],
    [252, ...milliseconds(BigInt(random(2 ** 31)))],
    [253, ...randomBytes(random, 4)],
    [248, ...length(random(1_000_000))],
    [249, random(256)],
    [244, ...length(random(16_384)), 1, 1],
    [245, ...randomName(random)],
    [247, ...randomPieces(random, ["length", "length", "length", "module"])],
    ofFamily,
  ]);
}

function randomEntry(random: Random, family: RdbFamily): Bytes {
  for (;;) {
    const encoding = encodingOf(random(28), family);
    if (encoding === undefined) continue;
    return [encoding.typeByte, ...randomName(random), ...randomPieces(random, encoding.shape)];
  }
}

function randomFile(random: Random): Uint8Array {
  const family = pick(random, ["redis", "valkey"] as const);
  const pieces = Array.from({ length: random(12) }, () =>
    random(3) === 0 ? randomOpcode(random, family) : randomEntry(random, family),
  );
  const head = family === "redis" ? `REDIS00${String(5 + random(10)).padStart(2, "0")}` : "VALKEY080";
  return file(head, ...pieces);
}

function randomCuts(random: Random, bytes: number): number[] {
  const longest = pick(random, [1, 3, 20, 300]);
  const cuts: number[] = [];
  for (let at = random(longest) + 1; at < bytes; at += random(longest) + 1) cuts.push(at);
  return cuts;
}

const hostile: readonly Bytes[] = [
  length64(2n ** 64n - 1n),
  length64(2n ** 40n),
  length(2 ** 31),
  [0xc3, ...length(4), ...length(2 ** 31)],
  [0xc3, ...length64(2n ** 63n), ...length64(2n ** 63n)],
  [0xff],
  [0x00],
];

function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random(bytes.length);
  const head = bytes.subarray(0, at);
  switch (random(5)) {
    case 0:
      return head;
    case 1: {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ (1 << random(8));
      return flipped;
    }
    case 2:
      return Uint8Array.from([...head, ...bytes.subarray(at + 1 + random(10))]);
    case 3:
      return Uint8Array.from([...head, ...pick(random, hostile), ...bytes.subarray(at + random(3))]);
    default:
      return Uint8Array.from([...head, ...bytes.subarray(random(bytes.length))]);
  }
}

function outcome(bytes: Uint8Array, cuts: readonly number[], limits: RdbLimits): string[] | string {
  try {
    return tellItems(bytes, cuts, limits);
  } catch (error) {
    if (error instanceof RdbError) return `${error.code} at ${error.offset}`;
    throw error;
  }
}

const withoutParts = (told: readonly string[]) =>
  told.filter((line) => line !== "entryEnd").map((line) => line.replace(" parts ", " "));

describe(`random files, seed ${seed}`, () => {
  test("read the same whole, in chunks and in parts", () => {
    const random = randomFrom(seed);
    for (let round = 0; round < rounds; round++) {
      const bytes = randomFile(random);
      const whole = tellItems(bytes);
      expect(whole.at(-1)).toBe("end verified");
      expect(tellItems(bytes, randomCuts(random, bytes.length))).toEqual(whole);
      const limits = { ...defaultRdbLimits, valueBytesMax: random(500) };
      const told = tellItems(bytes, randomCuts(random, bytes.length), limits);
      expect(withoutParts(told)).toEqual(withoutParts(whole));
    }
  });

  test("damaged, are read or refused, the same whatever the chunks", () => {
    const random = randomFrom(seed ^ 0x5bd1e995);
    for (let round = 0; round < 4 * rounds; round++) {
      const bytes = damage(randomFile(random), random);
      const whole = outcome(bytes, [], defaultRdbLimits);
      const chunked = outcome(bytes, randomCuts(random, bytes.length), defaultRdbLimits);
      expect(chunked).toEqual(whole);
      const limits = { ...defaultRdbLimits, valueBytesMax: random(500) };
      const inParts = outcome(bytes, randomCuts(random, bytes.length), limits);
      if (typeof whole === "string") expect(inParts).toBe(whole);
    }
  });

  test("cut off anywhere, are truncated there", () => {
    const random = randomFrom(seed ^ 0x1234567);
    for (let round = 0; round < rounds / 10; round++) {
      const bytes = randomFile(random);
      const end = random(bytes.length);
      expect(outcome(bytes.subarray(0, end), [], defaultRdbLimits)).toBe(`truncated at ${end}`);
    }
  });

  test("bytes of no meaning are refused", () => {
    const random = randomFrom(seed ^ 0x7654321);
    for (let round = 0; round < rounds; round++) {
      const bytes = Uint8Array.from([...latin1("REDIS0011"), ...randomBytes(random, random(500))]);
      expect(outcome(bytes, randomCuts(random, bytes.length), defaultRdbLimits)).toBeString();
    }
  });
});
