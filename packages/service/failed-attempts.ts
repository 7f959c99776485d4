/**
 * Counts failed attempts to sign in, by whoever makes them, and says who has to wait. So many within a window, and the rest
 * of the window is waited for; what succeeds is not counted. Bounded: when there are too many, the oldest are forgotten.
 */
import { isIPv6 } from "node:net";
import type { Clock } from "./clock.ts";

export interface AttemptLimits {
  failuresMax: number;
  windowMs: number;
  /** How many are counted at once. */
  keysMax: number;
}

interface Window {
  endMs: number;
  failures: number;
}

export class FailedAttempts {
  readonly #limits: AttemptLimits;
  readonly #clock: Clock;
  /** In the order in which their windows end. */
  readonly #windows = new Map<string, Window>();

  constructor(limits: AttemptLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** How long `key` has to wait; 0: it may try. */
  waitMs(key: string): number {
    const window = this.#current(key);
    if (window === undefined || window.failures < this.#limits.failuresMax) return 0;
    return window.endMs - this.#clock.monotonicMs();
  }

  failed(key: string): void {
    const window = this.#current(key);
    if (window !== undefined) {
      window.failures++;
      return;
    }
    this.#windows.delete(key);
    this.#windows.set(key, { endMs: this.#clock.monotonicMs() + this.#limits.windowMs, failures: 1 });
    if (this.#windows.size <= this.#limits.keysMax) return;
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined) this.#windows.delete(oldest);
  }

  #current(key: string): Window | undefined {
    const window = this.#windows.get(key);
    return window !== undefined && window.endMs > this.#clock.monotonicMs() ? window : undefined;
  }
}

/** Who counts as one: an IPv4 address, also where it is written as IPv6; of IPv6 the /64, as one customer has all of it. */
export function addressGroup(address: string): string {
  const plain = address.replace(/%.*$/, "").toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
