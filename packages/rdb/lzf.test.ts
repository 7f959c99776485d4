import { describe, expect, test } from "bun:test";
import { canExpandTo, decompressLzf } from "./lzf.ts";

function decompress(input: readonly number[], length: number): string | false {
  const guarded = new Uint8Array(length + 2).fill(0x23);
  const isRight = decompressLzf(Uint8Array.from(input), 0, input.length, guarded, 1, length + 1);
  expect([guarded[0], guarded[length + 1]]).toEqual([0x23, 0x23]);
  return isRight && Buffer.from(guarded.subarray(1, length + 1)).toString("latin1");
}

describe("LZF", () => {
  test("literals, and repetitions from behind and of themselves", () => {
    expect(decompress([2, 0x61, 0x62, 0x63], 3)).toBe("abc");
    expect(decompress([2, 0x61, 0x62, 0x63, 0x20, 2], 6)).toBe("abcabc");
    expect(decompress([0, 0x61, 0xe0, 10, 0], 20)).toBe("a".repeat(20));
  });

  test("what contradicts itself is refused, and nothing outside is written", () => {
    expect(decompress([2, 0x61, 0x62], 3)).toBe(false);
    expect(decompress([2, 0x61, 0x62, 0x63], 2)).toBe(false);
    expect(decompress([2, 0x61, 0x62, 0x63], 4)).toBe(false);
    expect(decompress([0x20, 0], 3)).toBe(false);
    expect(decompress([0, 0x61, 0x20, 1], 4)).toBe(false);
    expect(decompress([0, 0x61, 0xe0, 10, 0], 19)).toBe(false);
    expect(decompress([0, 0x61, 0xe0], 20)).toBe(false);
    expect(decompress([0, 0x61, 0xe0, 10], 20)).toBe(false);
    expect(decompress([0, 0x61, 0x20], 4)).toBe(false);
  });

  test("no more than the format can hold is believed", () => {
    expect(canExpandTo(3, 264)).toBe(true);
    expect(canExpandTo(3, 265)).toBe(false);
    expect(canExpandTo(10, 0)).toBe(false);
    expect(canExpandTo(20, 2 ** 40)).toBe(false);
  });
});
