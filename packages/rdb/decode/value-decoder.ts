/**
 * From the bytes of a value to its elements: each goes to the sink as soon as it is complete. Nothing is kept but what
 * the next element still lacks, so a value of any size is decoded within a few times the memory of its largest element
 * (of a packed form: of its largest node).
 *
 * Whole values: `decode(value)`. Values in parts: `begin`, then `push` and `step` until it wants more, then `end` and
 * `step`. An error leaves the decoder ready for the next `begin`; what the sink had got before it stays there.
 *
 * Not here: modules. Only a module knows what its values mean, so they can be passed on but not taken apart.
 */
import type { RdbEncodingName } from "../encodings.ts";
import { defaultRdbLimits, type RdbLimits } from "../limits.ts";
import { RdbError } from "../rdb-error.ts";
import { type CollectionForm, CollectionState, collectionForms } from "./collections.ts";
import type { ElementSink } from "./element-sink.ts";
import { moduleNameOf } from "./module-name.ts";
import { StreamForm } from "./stream-form.ts";
import { bytesMissing, ValueCursor } from "./value-cursor.ts";

/** Where a value is, and of which form; a whole entry of the reader is one. */
export interface EncodedValue {
  readonly encoding: RdbEncodingName;
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Of the value's first byte in the file, for errors. */
  readonly valueOffset: number;
}

type Form = "string" | "collection" | "stream" | "module";
type Phase = "start" | "pieces" | "elements" | "over";

/** A larger buffer that a long element needed is not held for the next value. */
const keptBetweenValuesMax = 1 << 20;

const streamVersions: Partial<Record<RdbEncodingName, number>> = {
  "stream-listpacks": 1,
  "stream-listpacks-2": 2,
  "stream-listpacks-3": 3,
  "stream-listpacks-4": 4,
  "stream-listpacks-5": 5,
};

export class ValueDecoder {
  readonly #cursor: ValueCursor;
  readonly #state: CollectionState;
  readonly #stream: StreamForm;
  #form: Form = "string";
  #collection: CollectionForm | undefined;
  #phase: Phase = "over";
  /** Elements to come, or bytes of a plain string. */
  #left = 0;
  /** What was pushed and not read yet, when a part went away before it could be. */
  #kept: Uint8Array = new Uint8Array(0);

  constructor(sink: ElementSink, limits: Pick<RdbLimits, "stringBytesMax"> = defaultRdbLimits) {
    this.#cursor = new ValueCursor(limits.stringBytesMax);
    this.#state = new CollectionState(this.#cursor, sink);
    this.#stream = new StreamForm(this.#state);
  }

  decode(value: EncodedValue): void {
    this.begin(value.encoding, value.valueOffset);
    const cursor = this.#cursor;
    cursor.bytes = value.valueBytes;
    cursor.position = value.valueStart;
    cursor.end = value.valueEnd;
    cursor.base = value.valueOffset - value.valueStart;
    cursor.isComplete = true;
    while (this.#phase !== "over") this.#advance();
    this.#expectEnd();
  }

  begin(encoding: RdbEncodingName, valueOffset: number): void {
    this.#collection = collectionForms[encoding];
    this.#phase = "start";
    this.#form = this.#formOf(encoding);
    if (this.#kept.length > keptBetweenValuesMax) this.#kept = new Uint8Array(0);
    const cursor = this.#cursor;
    cursor.position = 0;
    cursor.end = 0;
    cursor.base = valueOffset;
    cursor.missingUntil = 0;
    cursor.isComplete = false;
  }

  /** The part must stay as it is until `step` gives false. */
  push(part: Uint8Array): void {
    const cursor = this.#cursor;
    const left = cursor.end - cursor.position;
    if (left === 0) return this.#show(part, cursor.base + cursor.position);
    this.#keep();
    const bytes = left + part.length;
    const offset = cursor.base + cursor.position;
    if (this.#kept.length < bytes) this.#growKept(bytes);
    this.#kept.set(part, left);
    this.#show(this.#kept.subarray(0, bytes), offset);
  }

  /** Nothing follows. What is missing now is an error, in the next `step`. */
  end(): void {
    this.#cursor.isComplete = true;
  }

  /** Reads one element. False when the value is over, or its next element is not there yet. */
  step(): boolean {
    const cursor = this.#cursor;
    if (this.#phase === "over") {
      this.#expectEnd();
      return false;
    }
    const { position } = cursor;
    if (!cursor.isComplete && cursor.base + cursor.end < cursor.missingUntil) return false;
    try {
      this.#advance();
      return true;
    } catch (thrown) {
      if (thrown !== bytesMissing) throw thrown;
      cursor.position = position;
      this.#keep();
      return false;
    }
  }

  /**
   * Behind the first step: how many elements of the encoding are to come, which are a stream's nodes and a list's. Null
   * where all are packed into one.
   */
  get elementsLeft(): number | null {
    if (this.#form === "stream") return this.#stream.nodes;
    return this.#collection?.isCounted === true ? this.#left : null;
  }

  get isOver(): boolean {
    return this.#phase === "over";
  }

  #formOf(encoding: RdbEncodingName): Form {
    if (this.#collection !== undefined) return "collection";
    if (encoding === "string") return "string";
    const version = streamVersions[encoding];
    if (version === undefined) return "module";
    this.#stream.start(version);
    return "stream";
  }

  #advance(): void {
    switch (this.#form) {
      case "string":
        return this.#phase === "start" ? this.#startString() : this.#readPiece();
      case "collection":
        return this.#phase === "start" ? this.#startCollection() : this.#readElement();
      case "stream":
        this.#stream.advance();
        if (this.#stream.isOver) this.#phase = "over";
        return;
      case "module":
        return this.#refuseModule();
    }
  }

  #startString(): void {
    const { cursor, sink, first } = this.#state;
    const length = cursor.plainStringLength("a string");
    if (length > 0) {
      this.#left = length;
      this.#phase = "pieces";
      return;
    }
    if (length === 0) first.set(cursor.bytes, cursor.position, cursor.position);
    else cursor.string(first, "a string");
    this.#phase = "over";
    sink.string(first, true);
  }

  #readPiece(): void {
    const { cursor, sink, first } = this.#state;
    const there = Math.min(this.#left, cursor.end - cursor.position);
    if (there < this.#left) cursor.need(cursor.isComplete ? this.#left : 1);
    first.set(cursor.bytes, cursor.position, cursor.position + there);
    cursor.position += there;
    this.#left -= there;
    if (this.#left === 0) this.#phase = "over";
    sink.string(first, this.#left === 0);
  }

  #startCollection(): void {
    const { cursor } = this.#state;
    const form = this.#collection as CollectionForm;
    const earliestMs = form.hasEarliestExpiry ? cursor.milliseconds() : 0;
    this.#left = form.isCounted ? cursor.count("a count of elements") : 1;
    this.#state.earliestExpiryMs = earliestMs;
    this.#phase = this.#left > 0 ? "elements" : "over";
  }

  #readElement(): void {
    (this.#collection as CollectionForm).read(this.#state);
    this.#left--;
    if (this.#left === 0) this.#phase = "over";
  }

  #refuseModule(): never {
    const { offset } = this.#cursor;
    const { name, version } = moduleNameOf(this.#cursor.integer("the id of a module's type"));
    this.#phase = "over";
    throw new RdbError(
      "unsupported",
      offset,
      `a value of the module type ${name}, version ${version}, cannot be decoded`,
    );
  }

  #expectEnd(): void {
    const { position, end } = this.#cursor;
    if (position < end) this.#cursor.fail(`expected the end of the value, found ${end - position} bytes more`);
  }

  #show(bytes: Uint8Array, offset: number): void {
    const cursor = this.#cursor;
    cursor.bytes = bytes;
    cursor.position = 0;
    cursor.end = bytes.length;
    cursor.base = offset;
  }

  /** The part is about to go: what it still holds is copied. */
  #keep(): void {
    const cursor = this.#cursor;
    const left = cursor.end - cursor.position;
    const offset = cursor.base + cursor.position;
    const rest = cursor.bytes.subarray(cursor.position, cursor.end);
    if (this.#kept.length < left) this.#kept = new Uint8Array(left);
    if (rest.buffer !== this.#kept.buffer || rest.byteOffset !== this.#kept.byteOffset) this.#kept.set(rest);
    this.#show(this.#kept.subarray(0, left), offset);
  }

  #growKept(bytes: number): void {
    const grown = new Uint8Array(Math.max(bytes, 2 * this.#kept.length));
    grown.set(this.#cursor.bytes.subarray(this.#cursor.position, this.#cursor.end));
    this.#kept = grown;
  }
}
