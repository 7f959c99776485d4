/**
 * Failed log-ins of one address: beyond a rate its next ones wait for their turn, those that would succeed as well, so that nobody can
 * try many passwords by trying them at once; and whoever shares the address with somebody who fails is slowed down, not shut out.
 * Where too many wait already, one more is refused.
 *
 * An IPv6 address stands for its network of 64 bits, as whoever has one of it has all.
 *
 * Each address has an allowance. A failure takes one from it, and so does who waits, until it turns out that he was right.
 */
import { addressGroup, type Clock } from "@larder/service";
import { limits } from "../limits.ts";

interface Allowance {
  left: number;
  asOfMs: number;
}

export class LoginThrottle {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** Of addresses that have failed lately; the one that did so last is the last. */
  readonly #allowances = new Map<string, Allowance>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** For how long a log-in from there has to wait first; null: it is refused. Whoever waits has to be let in or `failed` afterwards. */
  pauseMs(address: string): number | null {
    if (this.#allowances.size === 0) return 0;
    const allowance = this.#presentOf(addressGroup(address));
    if (allowance === undefined || allowance.left >= 1) return 0;
    if (allowance.left - 1 < -limits.failedLoginsWaitingMax) return null;
    allowance.left--;
    return (-allowance.left / limits.failedLoginsPerSecond) * 1_000;
  }

  /** `hasWaited`: its turn was taken from the allowance before. */
  ended(address: string, { isGood, hasWaited }: { isGood: boolean; hasWaited: boolean }): void {
    if (isGood !== hasWaited) return;
    const network = addressGroup(address);
    const allowance = this.#presentOf(network) ?? { left: limits.failedLoginsBurst, asOfMs: this.#clock.monotonicMs() };
    // Many that were judged at the same time take no more than there is: whoever comes next is to wait, not to be refused.
    allowance.left = isGood ? allowance.left + 1 : Math.max(allowance.left - 1, Math.min(allowance.left, 0));
    this.#allowances.delete(network);
    this.#allowances.set(network, allowance);
    if (this.#allowances.size <= limits.failedLoginAddressesMax) return;
    for (const oldest of this.#allowances.keys()) return void this.#allowances.delete(oldest);
  }

  /** Now and then: who has the whole allowance again needs no place. */
  sweep(): void {
    for (const network of this.#allowances.keys())
      if ((this.#presentOf(network)?.left ?? 0) >= limits.failedLoginsBurst) this.#allowances.delete(network);
  }

  get addressCount(): number {
    return this.#allowances.size;
  }

  #presentOf(network: string): Allowance | undefined {
    const allowance = this.#allowances.get(network);
    if (allowance === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    const earned = (Math.max(0, nowMs - allowance.asOfMs) * limits.failedLoginsPerSecond) / 1_000;
    allowance.left = Math.min(limits.failedLoginsBurst, allowance.left + earned);
    allowance.asOfMs = nowMs;
    return allowance;
  }
}
