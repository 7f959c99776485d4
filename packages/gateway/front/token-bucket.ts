/** So many at once, and so many a second on average. Time is given, so it is pure. */
export interface BucketSize {
  perSecond: number;
  burst: number;
}

export class TokenBucket {
  readonly #size: BucketSize;
  #tokens: number;
  #filledMs: number;

  constructor(size: BucketSize, nowMs: number) {
    this.#size = size;
    this.#tokens = size.burst;
    this.#filledMs = nowMs;
  }

  /** Whether `take` would succeed. */
  has(nowMs: number): boolean {
    const earned = (Math.max(0, nowMs - this.#filledMs) * this.#size.perSecond) / 1000;
    this.#tokens = Math.min(this.#size.burst, this.#tokens + earned);
    this.#filledMs = nowMs;
    return this.#tokens >= 1;
  }

  take(nowMs: number): boolean {
    if (!this.has(nowMs)) return false;
    this.#tokens--;
    return true;
  }
}
