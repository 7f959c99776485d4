/** How values become bytes. `id` is stored with each value: one that was written by another serializer is a miss, not an error. */
export interface Serializer {
  /** 1 to 255; those below 16 are this package's. */
  readonly id: number;
  encode(value: unknown): Buffer;
  /** Throws on what is no value of its own. */
  decode(bytes: Buffer): unknown;
}
