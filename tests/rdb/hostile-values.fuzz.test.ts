/**
 * Values that are cut off, damaged and made up, decoded whole and in parts: elements or an RdbError with an offset in
 * the value, the same either way, in bounded time and memory. LARDER_SEED=… replays a failure, LARDER_FUZZ_ROUNDS=…
 * makes it longer.
 */
import { describe, expect, test } from "bun:test";
import { type EncodedValue, type RdbEntry, RdbError, ValueDecoder, ValueRebuilder } from "@larder/rdb";
import { entriesOf, sampleFile, sampleNames } from "../fixture/sample-entries.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { DescribingSink } from "../fixture/value-description.ts";

const rounds = Number(process.env.LARDER_FUZZ_ROUNDS ?? 300);
const limits = { stringBytesMax: 1 << 20 };
const hostileBytes = [0, 1, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xc3, 0xe0, 0xf0, 0xf4, 0xfd, 0xfe, 0xff];

function withValue(entry: RdbEntry, value: Uint8Array): RdbEntry {
  return { ...entry, value, valueBytes: value, valueStart: 0, valueEnd: value.length };
}

/** What was told before an error, and the error's code. */
function outcome(feed: (decoder: ValueDecoder) => void, entry: RdbEntry): string {
  const sink = new DescribingSink();
  try {
    feed(new ValueDecoder(sink, limits));
    return "decoded";
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    expect(error.offset).toBeGreaterThanOrEqual(entry.valueOffset);
    expect(error.offset).toBeLessThanOrEqual(entry.valueOffset + entry.value.length);
    return error.code;
  }
}

function inParts(value: EncodedValue & { value: Uint8Array }, bytes: number) {
  return (decoder: ValueDecoder) => {
    decoder.begin(value.encoding, value.valueOffset);
    for (let at = 0; at < value.value.length; at += bytes) {
      decoder.push(value.value.slice(at, at + bytes));
      while (decoder.step()) {}
    }
    decoder.end();
    while (decoder.step()) {}
  };
}

function damaged(random: (below: number) => number, value: Uint8Array): Uint8Array {
  const bytes = value.slice();
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(bytes.length);
    bytes[at] = random(2) === 0 ? (bytes[at] as number) ^ (1 << random(8)) : (hostileBytes[random(14)] as number);
  }
  return bytes;
}

describe.each(sampleNames)("%s", (name) => {
  const entries = entriesOf(sampleFile(name));

  test("a value that ends early is truncated, wherever it ends", () => {
    for (const entry of entries) {
      for (let bytes = 0; bytes < entry.value.length; bytes++) {
        const cut = withValue(entry, entry.value.slice(0, bytes));
        expect(outcome((decoder) => decoder.decode(cut), cut)).toBe("truncated");
        expect(outcome(inParts(cut, 5), cut)).toBe("truncated");
      }
    }
  });

  test(`damaged values are decoded or refused, and made into commands or not (seed ${testSeed})`, () => {
    const random = randomFrom(testSeed);
    const rebuilder = new ValueRebuilder({ target: { name: "valkey", version: "9.0.0" } });
    for (let round = 0; round < rounds; round++) {
      const whole = entries[random(entries.length)] as RdbEntry;
      const entry = withValue(whole, damaged(random, whole.value));
      const told = outcome((decoder) => decoder.decode(entry), entry);
      expect(outcome(inParts(entry, 1 + random(20)), entry)).toBe(told);
      try {
        for (const batch of rebuilder.whole(entry)) expect(batch.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(RdbError);
      }
    }
  });

  test(`bytes of any kind are decoded or refused (seed ${testSeed})`, () => {
    const random = randomFrom(testSeed);
    for (let round = 0; round < rounds; round++) {
      const entry = entries[random(entries.length)] as RdbEntry;
      const made = Uint8Array.from({ length: random(60) }, () =>
        random(2) === 0 ? random(256) : (hostileBytes[random(14)] as number),
      );
      const value = withValue(entry, made);
      expect(outcome(inParts(value, 1 + random(9)), value)).toBe(outcome((decoder) => decoder.decode(value), value));
    }
  });
});
