/**
 * LZF as the engines compress strings with it (liblzf's format): a control byte below 32 is followed by so many
 * literals and one more; any other says that bytes are to be repeated, how many and from how far back.
 */

/** No three bytes make more than this of one: what promises more is not LZF. */
const expansionMax = 264 / 3;

/** Whether compressed bytes can become that many: asked before anything is allocated. */
export function canExpandTo(compressedBytes: number, bytes: number): boolean {
  return bytes > 0 && bytes <= compressedBytes * expansionMax;
}

/**
 * Fills `output` from one position to another with what `input` says between two. False if that is not what is in it,
 * with `output` partly written; nothing outside of the bounds is read or written.
 */
export function decompressLzf(
  input: Uint8Array,
  inputStart: number,
  inputEnd: number,
  output: Uint8Array,
  outputStart: number,
  outputEnd: number,
): boolean {
  let from = inputStart;
  let to = outputStart;
  while (from < inputEnd) {
    const control = input[from++] as number;
    if (control < 32) {
      const count = control + 1;
      if (from + count > inputEnd || to + count > outputEnd) return false;
      for (let index = 0; index < count; index++) output[to++] = input[from++] as number;
      continue;
    }
    let count = control >>> 5;
    if (count === 7) {
      if (from >= inputEnd) return false;
      count += input[from++] as number;
    }
    if (from >= inputEnd) return false;
    let source = to - 1 - (((control & 0x1f) << 8) | (input[from++] as number));
    count += 2;
    if (source < outputStart || to + count > outputEnd) return false;
    for (let index = 0; index < count; index++) output[to++] = output[source++] as number;
  }
  return to === outputEnd;
}
