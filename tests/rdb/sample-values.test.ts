/** Values of engines that the machine need not have: decoded, in parts, as commands, and written for other versions. */
import { describe, expect, test } from "bun:test";
import {
  type Command,
  isInVersion,
  type RdbEntry,
  RdbWriter,
  ValueDecoder,
  ValueRebuilder,
  type WrittenRdbVersion,
} from "@larder/rdb";
import { entriesOf, sampleFile, sampleNames } from "../fixture/sample-entries.ts";
import { type DescribedValue, DescribingSink, describeDecoded } from "../fixture/value-description.ts";

const target = { name: "valkey", version: "9.0.0" } as const;
const versions: readonly WrittenRdbVersion[] = [9, 10, 11, 12, 80];

function keyOf(entry: RdbEntry): string {
  return Buffer.from(entry.key).toString();
}

function describeInParts(entry: RdbEntry, bytes: number): DescribedValue {
  const sink = new DescribingSink();
  const decoder = new ValueDecoder(sink);
  decoder.begin(entry.encoding, entry.valueOffset);
  for (let at = 0; at < entry.value.length; at += bytes) {
    decoder.push(entry.value.slice(at, at + bytes));
    while (decoder.step()) {}
  }
  decoder.end();
  while (decoder.step()) {}
  expect(decoder.isOver).toBe(true);
  return sink.described(entry.kind);
}

function textOf(batches: Iterable<readonly Command[]>): string[] {
  return [...batches].flat().map((words) => words.map((word) => Buffer.from(word).toString("latin1")).join(" "));
}

function rebuiltInParts(rebuilder: ValueRebuilder, entry: RdbEntry): string[] {
  rebuilder.begin(entry);
  const commands: string[] = [];
  for (const byte of entry.value) commands.push(...textOf(rebuilder.part(Uint8Array.of(byte))));
  return [...commands, ...textOf(rebuilder.end())];
}

describe.each(sampleNames)("%s", (name) => {
  const entries = entriesOf(sampleFile(name));

  test("values decode in parts of any size to what they are as wholes", () => {
    for (const entry of entries) {
      const whole = describeDecoded(entry);
      for (const bytes of [1, 2, 7, 30]) expect(describeInParts(entry, bytes)).toEqual(whole);
    }
  });

  test("values in parts become the commands of whole ones", () => {
    const rebuilder = new ValueRebuilder({ target });
    for (const entry of entries.filter(({ kind }) => kind !== "string" && kind !== "stream"))
      expect(rebuiltInParts(rebuilder, entry)).toEqual(textOf(rebuilder.whole(entry)));
  });

  test.each(versions)("values are the same in a file of version %d, but for what it cannot hold", (version) => {
    const writer = new RdbWriter({ version, onFieldExpiry: "drop" });
    writer.header();
    for (const entry of entries) writer.entry(entry);
    writer.end();
    const written = entriesOf(writer.take());
    for (const [index, entry] of written.entries()) {
      const before = entries[index] as RdbEntry;
      const both = [before, entry] as const;
      expect([keyOf(entry), entry.expiresAtMs]).toEqual([keyOf(before), before.expiresAtMs]);
      expect(isInVersion(entry.encoding, version)).toBe(true);
      expect(known(describeDecoded(entry), both)).toEqual(known(describeDecoded(before), both));
    }
    expect(written.length).toBe(entries.length);
  });
});

/** What both encodings can say. */
function known(value: DescribedValue, encodings: readonly RdbEntry[]): DescribedValue {
  const { stream } = value;
  if (stream !== undefined && encodings.some(({ encoding }) => encoding === "stream-listpacks")) {
    const groups = stream.groups.map((group) => ({ ...group, entriesRead: null }));
    return { ...value, stream: { ...stream, groups, maxDeletedId: null, entriesAdded: null } };
  }
  if (value.type !== "hash" || encodings.every(({ encoding }) => encoding !== "hash")) return value;
  return { ...value, elements: value.elements.map((field) => JSON.stringify(JSON.parse(field).slice(0, 2))) };
}
