/** Hashes added up: the order in which they come makes no difference, and how often each came does. */
import type { Hash128 } from "./hash-128.ts";

export class DigestSum {
  count = 0;
  a = 0;
  b = 0;
  c = 0;
  d = 0;

  clear(): void {
    this.count = this.a = this.b = this.c = this.d = 0;
  }

  add(hash: Hash128): void {
    this.addSum(hash, 1);
  }

  addSum({ a, b, c, d }: { a: number; b: number; c: number; d: number }, count: number): void {
    this.count += count;
    this.a = (this.a + a) | 0;
    this.b = (this.b + b) | 0;
    this.c = (this.c + c) | 0;
    this.d = (this.d + d) | 0;
  }

  equals(other: DigestSum): boolean {
    return this.count === other.count && this.toString() === other.toString();
  }

  /** 32 hexadecimal digits. */
  toString(): string {
    return [this.a, this.b, this.c, this.d].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
