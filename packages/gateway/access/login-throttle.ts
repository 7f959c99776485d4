/**
 * Failed log-ins of one address: beyond a rate its next ones wait for their turn, those that would succeed as well, so that nobody can
 * try many passwords by trying them at once; and whoever shares the address with somebody who fails is slowed down, not shut out.
 * Where too many wait already, one more is refused.
 *
 * An IPv6 address stands for its network of 64 bits, as whoever has one of it has all.
 *
 * Each address has an allowance. A failure takes one from it, and so does who waits, until it turns out that he was right. The gateway's
 * workers tell each other, so that it is one allowance for all of them, but for what happens within one message's time, and for what a
 * worker has missed that was away.
 */
import { addressGroup, type Clock } from "@larder/service";
import { limits } from "../limits.ts";

interface Allowance {
  left: number;
  asOfMs: number;
  /** Somebody failed or waited here, not at another worker alone. */
  isOwn: boolean;
}

/** What was taken from an address's allowance, at any worker. */
export interface Taken {
  /** As an allowance is kept: of IPv6, the network. */
  network: string;
  /** At once: never below none, as many may have been judged at the same time. */
  failures: number;
  /** By those who wait from now on; less than 0: given back by those who were right. */
  turns: number;
}

export class LoginThrottle {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #tell: (taken: Taken) => void;
  /** Of addresses that have failed lately; the one that did so last is the last. */
  readonly #allowances = new Map<string, Allowance>();

  /** `tell`: the other workers. */
  constructor(clock: Pick<Clock, "monotonicMs">, tell: (taken: Taken) => void = () => {}) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** For how long a log-in from there has to wait first; null: it is refused. Whoever waits has to be let in or `failed` afterwards. */
  pauseMs(address: string): number | null {
    if (this.#allowances.size === 0) return 0;
    const network = addressGroup(address);
    const allowance = this.#presentOf(network);
    if (allowance === undefined || allowance.left >= 1) return 0;
    if (allowance.left - 1 < -limits.failedLoginsWaitingMax) return null;
    this.#take({ network, failures: 0, turns: 1 });
    return (-allowance.left / limits.failedLoginsPerSecond) * 1_000;
  }

  /** `hasWaited`: its turn was taken from the allowance before. */
  ended(address: string, { isGood, hasWaited }: { isGood: boolean; hasWaited: boolean }): void {
    if (isGood !== hasWaited) return;
    const network = addressGroup(address);
    this.#take(isGood ? { network, failures: 0, turns: -1 } : { network, failures: 1, turns: 0 });
  }

  /** Another worker has told of it. */
  takenElsewhere(taken: Taken): void {
    this.#use(taken, { isOwn: false });
  }

  #take(taken: Taken): void {
    this.#use(taken, { isOwn: true });
    this.#tell(taken);
  }

  #use({ network, failures, turns }: Taken, { isOwn }: { isOwn: boolean }): void {
    const nowMs = this.#clock.monotonicMs();
    const allowance = this.#presentOf(network) ?? { left: limits.failedLoginsBurst, asOfMs: nowMs, isOwn };
    // Many that were judged at the same time take no more than there is: whoever comes next is to wait, not to be refused.
    const afterFailures = Math.max(allowance.left - failures, Math.min(allowance.left, 0));
    allowance.left = Math.max(afterFailures - turns, -limits.failedLoginsWaitingMax);
    allowance.isOwn ||= isOwn;
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

  /** Of those that failed here: each worker counts its own. */
  get addressCount(): number {
    let count = 0;
    for (const { isOwn } of this.#allowances.values()) if (isOwn) count++;
    return count;
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
