/** How much of a file the reader holds at once, and what it believes of lengths that a file states. */
export interface RdbLimits {
  /** A longer value is given in parts. The reader holds at most this, one chunk and what a part waits for. */
  valueBytesMax: number;
  /** The longest string that is believed, before and after decompression; the engines' own bound is the default. */
  stringBytesMax: number;
  /** Keys, auxiliary fields and function libraries are given whole: a longer one is refused. */
  nameBytesMax: number;
}

export const defaultRdbLimits: RdbLimits = {
  valueBytesMax: 64 << 20,
  stringBytesMax: 512 << 20,
  nameBytesMax: 64 << 20,
};
