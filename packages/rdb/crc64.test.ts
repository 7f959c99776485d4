import { describe, expect, test } from "bun:test";
import { Crc64, crc64 } from "./crc64.ts";

const text = new TextEncoder();

/** Bit by bit, as the definition says. */
function slowCrc64(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc;
}

const sample = Uint8Array.from({ length: 300 }, (_, index) => (index * 167) & 0xff);

describe("CRC-64 of Jones", () => {
  test("the check value of its definition", () => {
    expect(crc64(text.encode("123456789"))).toBe(0xe9c6d914c4b8d9can);
    expect(crc64(new Uint8Array(0))).toBe(0n);
  });

  test("is the same bit by bit, for every length", () => {
    for (let end = 0; end <= 64; end++) expect(crc64(sample.subarray(0, end))).toBe(slowCrc64(sample.subarray(0, end)));
    expect(crc64(sample)).toBe(slowCrc64(sample));
  });

  test("goes on from what came before", () => {
    for (const cut of [0, 1, 7, 8, 9, 150, 300])
      expect(crc64(sample.subarray(cut), crc64(sample.subarray(0, cut)))).toBe(crc64(sample));
  });

  test("of a part of some bytes, written least significant first and recognised", () => {
    const crc = new Crc64();
    crc.update(sample, 10, 100);
    expect(crc.value).toBe(slowCrc64(sample.subarray(10, 100)));
    const written = new Uint8Array(10);
    crc.writeTo(written, 1);
    expect(new DataView(written.buffer).getBigUint64(1, true)).toBe(crc.value);
    expect(crc.equals(written, 1)).toBe(true);
    for (let at = 1; at < 9; at++) {
      const other = written.slice();
      other[at] = (other[at] as number) ^ 0x80;
      expect(crc.equals(other, 1)).toBe(false);
    }
    crc.reset();
    expect(crc.value).toBe(0n);
  });
});
