/**
 * A map from command names, as bytes in any case, to small numbers; made for a lookup without strings. Names are at most
 * 255 bytes of ASCII.
 */
const absent = -1;

export class CommandTable {
  readonly #mask: number;
  readonly #names: (Uint8Array | undefined)[];
  readonly #values: Int32Array;

  constructor(entries: ReadonlyMap<string, number>) {
    let size = 16;
    while (size < entries.size * 4) size *= 2;
    this.#mask = size - 1;
    this.#names = new Array<Uint8Array | undefined>(size).fill(undefined);
    this.#values = new Int32Array(size).fill(absent);
    for (const [name, value] of entries) this.#insert(Buffer.from(name.toLowerCase()), value);
  }

  /** The number of the name at [start, end), or -1 when the table does not have it. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let slot = this.#hash(bytes, start, end);
    for (;;) {
      const name = this.#names[slot];
      if (name === undefined) return absent;
      if (name.length === end - start && isSameName(name, bytes, start)) return this.#values[slot] as number;
      slot = (slot + 1) & this.#mask;
    }
  }

  #insert(name: Uint8Array, value: number): void {
    let slot = this.#hash(name, 0, name.length);
    while (this.#names[slot] !== undefined) slot = (slot + 1) & this.#mask;
    this.#names[slot] = name;
    this.#values[slot] = value;
  }

  #hash(bytes: Uint8Array, start: number, end: number): number {
    let hash = end - start;
    for (let position = start; position < end; position++) {
      hash = (Math.imul(hash, 31) + ((bytes[position] as number) | 0x20)) | 0;
    }
    return (hash ^ (hash >>> 15)) & this.#mask;
  }
}

/** Compares without case. `| 0x20` alone would take "@" for "`", so only letters are folded. */
function isSameName(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < name.length; index++) {
    const byte = bytes[start + index] as number;
    const folded = byte >= 65 && byte <= 90 ? byte | 0x20 : byte;
    if (folded !== name[index]) return false;
  }
  return true;
}
