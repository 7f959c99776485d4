/**
 * The encodings of lists, sets, sorted sets and hashes: what stands before the elements, and how one is read. What is
 * packed into one string counts as one element of the encoding, and gives all of its own at once.
 */
import type { RdbEncodingName } from "../encodings.ts";
import { ByteSpan } from "./byte-span.ts";
import type { ElementSink } from "./element-sink.ts";
import { IntsetReader } from "./intset.ts";
import { ListpackReader } from "./listpack.ts";
import type { PackedReader } from "./packed.ts";
import { scoreOf, type ValueCursor } from "./value-cursor.ts";
import { ZiplistReader } from "./ziplist.ts";
import { ZipmapReader } from "./zipmap.ts";

/** What reading an element needs; one for each decoder. */
export class CollectionState {
  readonly cursor: ValueCursor;
  readonly sink: ElementSink;
  readonly first = new ByteSpan();
  readonly second = new ByteSpan();
  readonly listpack = new ListpackReader();
  readonly ziplist = new ZiplistReader();
  readonly intset = new IntsetReader();
  readonly zipmap = new ZipmapReader();
  /** What the times of fields count from. */
  earliestExpiryMs = 0;

  constructor(cursor: ValueCursor, sink: ElementSink) {
    this.cursor = cursor;
    this.sink = sink;
  }

  /** Reads a string and opens it. */
  unpack<Reader extends PackedReader>(reader: Reader, what: string): Reader {
    const { cursor, first } = this;
    const { offset } = cursor;
    cursor.string(first, what);
    const isPlain = first.bytes === cursor.bytes;
    reader.open(first, isPlain ? cursor.offset - first.length : offset, !isPlain);
    return reader;
  }
}

export interface CollectionForm {
  /** Eight bytes with the earliest time at which a field expires come first. */
  readonly hasEarliestExpiry: boolean;
  /** A count of elements comes before them; else there is one. */
  readonly isCounted: boolean;
  readonly read: (state: CollectionState) => void;
}

/** Nodes of a list say of which kind they are. */
const plainNode = 1;
const packedNode = 2;

function readItem({ cursor, sink, first }: CollectionState): void {
  cursor.string(first, "an item");
  sink.item(first);
}

function readMember({ cursor, sink, first }: CollectionState): void {
  cursor.string(first, "a member");
  sink.member(first);
}

function readTextScored({ cursor, sink, first }: CollectionState): void {
  cursor.string(first, "a member");
  sink.scored(first, cursor.textScore());
}

function readScored({ cursor, sink, first }: CollectionState): void {
  cursor.string(first, "a member");
  sink.scored(first, cursor.double());
}

function readField({ cursor, sink, first, second }: CollectionState): void {
  cursor.string(first, "the name of a field");
  cursor.string(second, "the value of a field");
  sink.field(first, second, null);
}

/** A time behind the field, -1 for none. */
function readFieldWithTime({ cursor, sink, first, second }: CollectionState): void {
  cursor.string(first, "the name of a field");
  cursor.string(second, "the value of a field");
  const expiresAtMs = cursor.milliseconds();
  sink.field(first, second, expiresAtMs < 0 ? null : expiresAtMs);
}

/** A time before the field, 0 for none. */
function readFieldBehindTime({ cursor, sink, first, second }: CollectionState): void {
  const expiresAtMs = cursor.count("the time at which a field expires");
  cursor.string(first, "the name of a field");
  cursor.string(second, "the value of a field");
  sink.field(first, second, expiresAtMs === 0 ? null : expiresAtMs);
}

/** As above, but counted from the earliest, which is 1. */
function readFieldBehindDelay({ cursor, sink, first, second, earliestExpiryMs }: CollectionState): void {
  const delay = cursor.count("the time at which a field expires");
  cursor.string(first, "the name of a field");
  cursor.string(second, "the value of a field");
  sink.field(first, second, delay === 0 ? null : earliestExpiryMs + delay - 1);
}

function readNode(state: CollectionState): void {
  const { cursor } = state;
  const kind = cursor.count("the kind of a list's node");
  if (kind === plainNode) {
    readItem(state);
    state.sink.listNode?.();
    return;
  }
  if (kind !== packedNode) cursor.fail(`expected a list's node, found one of the unknown kind ${kind}`);
  giveItems(state, state.unpack(state.listpack, "a listpack"));
}

function giveItems({ sink, second }: CollectionState, packed: PackedReader): void {
  while (packed.next()) {
    packed.show(second);
    sink.item(second);
  }
  sink.listNode?.();
}

function giveMembers({ sink, second }: CollectionState, packed: PackedReader): void {
  while (packed.next()) {
    packed.show(second);
    sink.member(second);
  }
}

function giveScored({ sink, second }: CollectionState, packed: PackedReader): void {
  while (packed.next()) {
    packed.show(second);
    packed.expectNext("the score of a member");
    sink.scored(second, packedScore(packed));
  }
}

function packedScore(packed: PackedReader): number {
  if (packed.isInteger) return packed.integer;
  const { bytes, start, end } = packed.element;
  const score = scoreOf(bytes, start, end);
  if (Number.isNaN(score)) packed.fail("expected a score");
  return score;
}

function giveFields(state: CollectionState, packed: PackedReader): void {
  const { sink, first, second } = state;
  while (packed.next()) {
    packed.show(first);
    packed.text(second, "the value of a field");
    sink.field(first, second, null);
  }
}

/** Field, value and time, 0 for none. */
function giveTimedFields({ sink, first, second, listpack }: CollectionState): void {
  while (listpack.next()) {
    listpack.show(first);
    listpack.text(second, "the value of a field");
    listpack.expectNext("the time at which a field expires");
    if (!listpack.isInteger || listpack.integer < 0) listpack.fail("expected the time at which a field expires");
    sink.field(first, second, listpack.integer === 0 ? null : listpack.integer);
  }
}

function counted(read: CollectionForm["read"]): CollectionForm {
  return { hasEarliestExpiry: false, isCounted: true, read };
}

function whole(read: CollectionForm["read"]): CollectionForm {
  return { hasEarliestExpiry: false, isCounted: false, read };
}

const timedFields: CollectionForm["read"] = (state) => {
  state.unpack(state.listpack, "a listpack");
  giveTimedFields(state);
};

export const collectionForms: Partial<Record<RdbEncodingName, CollectionForm>> = {
  list: counted(readItem),
  set: counted(readMember),
  zset: counted(readTextScored),
  "zset-2": counted(readScored),
  hash: counted(readField),
  "list-quicklist": counted((state) => giveItems(state, state.unpack(state.ziplist, "a ziplist"))),
  "list-quicklist-2": counted(readNode),
  "list-ziplist": whole((state) => giveItems(state, state.unpack(state.ziplist, "a ziplist"))),
  "set-intset": whole((state) => giveMembers(state, state.unpack(state.intset, "an intset"))),
  "set-listpack": whole((state) => giveMembers(state, state.unpack(state.listpack, "a listpack"))),
  "zset-ziplist": whole((state) => giveScored(state, state.unpack(state.ziplist, "a ziplist"))),
  "zset-listpack": whole((state) => giveScored(state, state.unpack(state.listpack, "a listpack"))),
  "hash-zipmap": whole((state) => giveFields(state, state.unpack(state.zipmap, "a zipmap"))),
  "hash-ziplist": whole((state) => giveFields(state, state.unpack(state.ziplist, "a ziplist"))),
  "hash-listpack": whole((state) => giveFields(state, state.unpack(state.listpack, "a listpack"))),
  "hash-metadata-pre-ga": counted(readFieldBehindTime),
  "hash-metadata": { hasEarliestExpiry: true, isCounted: true, read: readFieldBehindDelay },
  "hash-listpack-ex-pre-ga": whole(timedFields),
  "hash-listpack-ex": { hasEarliestExpiry: true, isCounted: false, read: timedFields },
  "hash-2": counted(readFieldWithTime),
};
