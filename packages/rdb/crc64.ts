/**
 * The checksum at the end of RDB files and of what DUMP gives: CRC-64 with the polynomial of Jones, reflected, from 0,
 * as src/crc64.c of Redis has it.
 *
 * Eight bytes a step, by eight tables ("slicing by 8"). Each table's 64 bits are two of 32, as neither numbers nor
 * BigInt do 64 bits fast. Measured at 1.4 GB/s, a third of the time that reading takes at all: nothing that a copy into
 * a WebAssembly memory would pay for.
 */
const polynomialHigh = 0x95ac9329;
const polynomialLow = 0xac4bc9b5;

const tables = makeTables();

/** The checksum of what was fed to it, as two halves. */
export class Crc64 {
  high = 0;
  low = 0;

  reset(): void {
    this.high = 0;
    this.low = 0;
  }

  update(bytes: Uint8Array, start: number, end: number): void {
    const { lows, highs } = tables;
    let low = this.low;
    let high = this.high;
    let at = start;
    for (; at + 8 <= end; at += 8) {
      low ^=
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24);
      high ^=
        (bytes[at + 4] as number) |
        ((bytes[at + 5] as number) << 8) |
        ((bytes[at + 6] as number) << 16) |
        ((bytes[at + 7] as number) << 24);
      const a = 1792 + (low & 0xff);
      const b = 1536 + ((low >>> 8) & 0xff);
      const c = 1280 + ((low >>> 16) & 0xff);
      const d = 1024 + (low >>> 24);
      const e = 768 + (high & 0xff);
      const f = 512 + ((high >>> 8) & 0xff);
      const g = 256 + ((high >>> 16) & 0xff);
      const h = high >>> 24;
      low =
        (lows[a] as number) ^
        (lows[b] as number) ^
        (lows[c] as number) ^
        (lows[d] as number) ^
        (lows[e] as number) ^
        (lows[f] as number) ^
        (lows[g] as number) ^
        (lows[h] as number);
      high =
        (highs[a] as number) ^
        (highs[b] as number) ^
        (highs[c] as number) ^
        (highs[d] as number) ^
        (highs[e] as number) ^
        (highs[f] as number) ^
        (highs[g] as number) ^
        (highs[h] as number);
    }
    for (; at < end; at++) {
      const index = (low ^ (bytes[at] as number)) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (lows[index] as number);
      high = (high >>> 8) ^ (highs[index] as number);
    }
    this.low = low;
    this.high = high;
  }

  /** Least significant byte first, as files and DUMP have it. Takes eight bytes. */
  writeTo(bytes: Uint8Array, at: number): void {
    for (let index = 0; index < 4; index++) {
      bytes[at + index] = this.low >>> (8 * index);
      bytes[at + 4 + index] = this.high >>> (8 * index);
    }
  }

  /** Whether the eight bytes at the position are this checksum. */
  equals(bytes: Uint8Array, at: number): boolean {
    for (let index = 0; index < 4; index++) {
      if (bytes[at + index] !== ((this.low >>> (8 * index)) & 0xff)) return false;
      if (bytes[at + 4 + index] !== ((this.high >>> (8 * index)) & 0xff)) return false;
    }
    return true;
  }

  get value(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
  }
}

/** For single calls. `seed` is the checksum of what came before. */
export function crc64(bytes: Uint8Array, seed = 0n): bigint {
  const crc = new Crc64();
  crc.high = Number(seed >> 32n) | 0;
  crc.low = Number(seed & 0xffff_ffffn) | 0;
  crc.update(bytes, 0, bytes.length);
  return crc.value;
}

/** Table n, from 256 * n on, has what a byte does to the checksum when n bytes follow it. */
function makeTables(): { lows: Int32Array; highs: Int32Array } {
  const lows = new Int32Array(8 * 256);
  const highs = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = (low & 1) === 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (isOdd) {
        low ^= polynomialLow;
        high ^= polynomialHigh;
      }
    }
    lows[byte] = low;
    highs[byte] = high;
  }
  for (let index = 256; index < 8 * 256; index++) {
    const low = lows[index - 256] as number;
    const high = highs[index - 256] as number;
    lows[index] = ((low >>> 8) | (high << 24)) ^ (lows[low & 0xff] as number);
    highs[index] = (high >>> 8) ^ (highs[low & 0xff] as number);
  }
  return { lows, highs };
}
