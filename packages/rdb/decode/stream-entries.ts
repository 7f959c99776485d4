/**
 * A node of a stream: entries packed into a listpack, under the id that all ids in it count from.
 *
 *   head     count · deleted · names · name … · 0
 *   entry    flags · ms and seq beyond the node's id · [names] · [name] value … · elements of the entry
 *
 * Without names of its own an entry has those of the head. A deleted entry stays until its node is rewritten.
 *
 * Source: src/t_stream.c of Redis 7.
 */
import { ByteSpan } from "./byte-span.ts";
import type { ElementSink, StreamId } from "./element-sink.ts";
import type { ListpackReader } from "./listpack.ts";

const deletedFlag = 1;
const sameNamesFlag = 2;

export class StreamEntries {
  readonly #sink: ElementSink;
  readonly #names: ByteSpan[] = [];
  readonly #pool: ByteSpan[] = [];
  readonly #fields: ByteSpan[] = [];

  constructor(sink: ElementSink) {
    this.#sink = sink;
  }

  /** Gives all entries of the node; how many there were. */
  give(node: ListpackReader, from: StreamId): number {
    const count = whole(node, "the count of a node's entries");
    const deleted = whole(node, "the count of a node's deleted entries");
    const names = this.#readNames(node);
    let alive = 0;
    let gone = 0;
    while (node.next()) {
      const flags = node.isInteger ? node.integer : node.fail("expected the flags of an entry");
      if (this.#giveEntry(node, from, flags, names)) alive++;
      else gone++;
    }
    if (alive !== count || gone !== deleted)
      node.fail(`a node says ${count} entries and ${deleted} deleted ones, and has ${alive} and ${gone}`);
    return alive;
  }

  #readNames(node: ListpackReader): number {
    const names = whole(node, "the count of a node's names");
    for (let index = 0; index < names; index++) {
      const name = this.#names[index] ?? new ByteSpan();
      this.#names[index] = name;
      node.text(name, "a name of a node");
    }
    if (whole(node, "the 0 behind a node's names") !== 0) node.fail("expected the 0 behind a node's names");
    return names;
  }

  #giveEntry(node: ListpackReader, from: StreamId, flags: number, headNames: number): boolean {
    const ms = beyond(from.ms, node);
    const seq = beyond(from.seq, node);
    const hasSameNames = (flags & sameNamesFlag) !== 0;
    const names = hasSameNames ? headNames : whole(node, "the count of an entry's names");
    const fields = this.#fields;
    fields.length = 0;
    for (let index = 0; index < names; index++) {
      if (hasSameNames) fields.push(this.#names[index] as ByteSpan);
      else fields.push(this.#readText(node, 2 * index));
      fields.push(this.#readText(node, 2 * index + 1));
    }
    whole(node, "the count of an entry's elements");
    if ((flags & deletedFlag) !== 0) return false;
    this.#sink.streamEntry({ ms, seq }, fields);
    return true;
  }

  #readText(node: ListpackReader, index: number): ByteSpan {
    let span = this.#pool[index];
    if (span === undefined) {
      span = new ByteSpan();
      this.#pool[index] = span;
    }
    node.text(span, "a name or a value of an entry");
    return span;
  }
}

function whole(node: ListpackReader, what: string): number {
  node.expectNext(what);
  if (!node.isInteger || node.bigInteger !== null || node.integer < 0) node.fail(`expected ${what}`);
  return node.integer;
}

/** The difference is of 64 bits, as the sum is. */
function beyond(from: bigint, node: ListpackReader): bigint {
  node.expectNext("the id of an entry");
  if (!node.isInteger) node.fail("expected the id of an entry");
  const difference = node.bigInteger ?? BigInt(node.integer);
  return BigInt.asUintN(64, from + difference);
}
