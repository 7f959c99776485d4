import { describe, expect, test } from "bun:test";
import type { RdbEncodingName } from "../encodings.ts";
import { type Bytes, length, milliseconds, streamId, string } from "../rdb-bytes.ts";
import { IgnoringSink } from "./element-sink.ts";
import { ValueDecoder } from "./value-decoder.ts";

const promised = 2 ** 40;
/** No nodes; length, last id, first id, highest deleted id, entries ever added. */
const head: Bytes = [0, ...new Array<number>(8).fill(1)];
const oneGroup: Bytes = [1, ...string("group"), 1, 1, 1, 0, 0];
const noGroups: Bytes = [0];
const memory: Bytes = [...length(60), ...length(100)];

const blocks: [string, RdbEncodingName, Bytes, Bytes][] = [
  [
    "ids without a consumer",
    "stream-listpacks-5",
    [...head, ...oneGroup, ...length(promised)],
    new Array<Bytes>(500).fill(streamId(1n, 1n)).flat(),
  ],
  [
    "ids of one producer",
    "stream-listpacks-4",
    [...head, ...noGroups, ...memory, 1, ...string("producer"), ...length(promised)],
    new Array<Bytes>(500).fill([...string("id"), 1, 1]).flat(),
  ],
  [
    "producers",
    "stream-listpacks-4",
    [...head, ...noGroups, ...memory, ...length(promised)],
    new Array<Bytes>(500).fill([...string("p"), 0]).flat(),
  ],
];

/** How many elements the decoder takes of what has come. */
function taken(decoder: ValueDecoder, bytes: Bytes): number {
  decoder.push(Uint8Array.from(bytes));
  let count = 0;
  while (decoder.step()) count++;
  return count;
}

describe("what comes behind a stream's groups", () => {
  test.each(blocks)("%s: each is taken as it comes, however many are promised", (_, encoding, before, part) => {
    const decoder = new ValueDecoder(new IgnoringSink());
    decoder.begin(encoding, 0);
    taken(decoder, before);
    for (let round = 0; round < 3; round++) expect(taken(decoder, part)).toBeGreaterThanOrEqual(500);
    expect(decoder.isOver).toBe(false);
  });

  test("a group's ids, another group, and producers with and without ids end where they end", () => {
    const pending = [...streamId(1n, 1n), ...milliseconds(9n), 1];
    const group = [...string("g"), 1, 1, 1, 1, ...pending, 0, 1, ...streamId(1n, 1n)];
    const producers = [...memory, 2, ...string("a"), 2, ...string("x"), 1, 1, ...string("y"), 1, 2, ...string("b"), 0];
    const bytes = Uint8Array.from([...head, 2, ...group, ...string("h"), 1, 1, 1, 0, 0, 0, ...producers, 3, 4]);
    const decoder = new ValueDecoder(new IgnoringSink());
    decoder.begin("stream-listpacks-5", 0);
    for (const byte of bytes) taken(decoder, [byte]);
    expect(decoder.isOver).toBe(true);
  });
});
