/** How values become bytes. `id` is stored with each value: one that was written by another serializer is a miss, not an error. */
export interface Serializer {
  /** 1 to 255; those below 16 are this package's. */
  readonly id: number;
  /** Throws on what it cannot store. */
  encode(value: unknown): Buffer;
  /** Throws on what is no value of its own. */
  decode(bytes: Buffer): unknown;
}

/** What JSON keeps: no dates, maps, bigints or undefined. */
export const jsonSerializer: Serializer = {
  id: 1,
  encode(value) {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`JSON cannot store a ${typeof value}.`);
    return Buffer.from(text);
  },
  decode: (bytes) => JSON.parse(bytes.toString()) as unknown,
};
