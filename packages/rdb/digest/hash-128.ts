/**
 * A hash of 128 bits over what it is given piece by piece: where a string is cut makes no difference. MurmurHash3 for x86
 * (Austin Appleby, public domain), with the length of each string behind it instead of one length at the end.
 *
 * It finds accidents. Who wants two datasets with the same hash can make them: for that there is the file's SHA-256.
 */
const c1 = 0x239b961b;
const c2 = 0xab0e9789;
const c3 = 0x38b34ae5;
const c4 = 0xa1e38b93;

export class Hash128 {
  /** The result, once `finish` was called. */
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  /** Which of the four takes the next word. */
  #lane = 0;
  #words = 0;
  /** Bytes that do not fill a word yet. */
  #word = 0;
  #wordBytes = 0;
  #stringBytes = 0;

  reset(): void {
    this.a = this.b = this.c = this.d = 0;
    this.#lane = this.#words = 0;
    this.#word = this.#wordBytes = this.#stringBytes = 0;
  }

  /** A piece of a string; `endString` ends it. */
  bytes(bytes: Uint8Array, start: number, end: number): void {
    this.#stringBytes += end - start;
    let at = start;
    while (at < end && this.#wordBytes > 0) this.#byte(bytes[at++] as number);
    for (; at + 4 <= end; at += 4)
      this.uint32(
        (bytes[at] as number) |
          ((bytes[at + 1] as number) << 8) |
          ((bytes[at + 2] as number) << 16) |
          ((bytes[at + 3] as number) << 24),
      );
    while (at < end) this.#byte(bytes[at++] as number);
  }

  endString(): void {
    if (this.#wordBytes > 0) this.uint32(this.#word);
    this.#word = this.#wordBytes = 0;
    const length = this.#stringBytes;
    this.#stringBytes = 0;
    this.uint32(length);
    if (length >= 2 ** 32) this.uint32(Math.floor(length / 2 ** 32));
  }

  string(bytes: Uint8Array, start: number, end: number): void {
    this.bytes(bytes, start, end);
    this.endString();
  }

  /** Of any size up to 2^53, and below nothing. */
  integer(value: number): void {
    this.uint32(value | 0);
    this.uint32(Math.floor(value / 2 ** 32) | 0);
  }

  /** Of 64 bits. */
  big(value: bigint): void {
    this.uint32(Number(BigInt.asIntN(32, value)));
    this.uint32(Number(BigInt.asIntN(32, value >> 32n)));
  }

  uint32(word: number): void {
    switch (this.#lane) {
      case 0: {
        const k = Math.imul(rotated(Math.imul(word, c1), 15), c2);
        this.a = (Math.imul((rotated(this.a ^ k, 19) + this.b) | 0, 5) + 0x561ccd1b) | 0;
        break;
      }
      case 1: {
        const k = Math.imul(rotated(Math.imul(word, c2), 16), c3);
        this.b = (Math.imul((rotated(this.b ^ k, 17) + this.c) | 0, 5) + 0x0bcaa747) | 0;
        break;
      }
      case 2: {
        const k = Math.imul(rotated(Math.imul(word, c3), 17), c4);
        this.c = (Math.imul((rotated(this.c ^ k, 15) + this.d) | 0, 5) + 0x96cd1c35) | 0;
        break;
      }
      default: {
        const k = Math.imul(rotated(Math.imul(word, c4), 18), c1);
        this.d = (Math.imul((rotated(this.d ^ k, 13) + this.a) | 0, 5) + 0x32ac3b17) | 0;
      }
    }
    this.#lane = (this.#lane + 1) & 3;
    this.#words++;
  }

  /** What comes after this needs a `reset` before. */
  finish(): void {
    this.a ^= this.#words;
    this.b ^= this.#words;
    this.c ^= this.#words;
    this.d ^= this.#words;
    this.#mixLanes();
    this.a = finalMix(this.a);
    this.b = finalMix(this.b);
    this.c = finalMix(this.c);
    this.d = finalMix(this.d);
    this.#mixLanes();
  }

  #mixLanes(): void {
    this.a = (this.a + this.b + this.c + this.d) | 0;
    this.b = (this.b + this.a) | 0;
    this.c = (this.c + this.a) | 0;
    this.d = (this.d + this.a) | 0;
  }

  #byte(byte: number): void {
    this.#word |= byte << (8 * this.#wordBytes);
    if (++this.#wordBytes < 4) return;
    const word = this.#word;
    this.#word = this.#wordBytes = 0;
    this.uint32(word);
  }
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function finalMix(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
