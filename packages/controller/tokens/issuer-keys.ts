/**
 * The keys of one issuer elsewhere, fetched and kept: at the start, now and then, and when a token names a key that is not among
 * them. An issuer that hangs costs whoever waits `fetchMs` at most; one that does not answer, or with nonsense, changes nothing: keys
 * that were once had stay, over restarts too, until it names others. One that names no key at all is more likely to have a fault than to
 * mean it: keys that were known count for `emptyBelievedMs` still.
 *
 *   caller           waits
 *   keys.findKey     never: what is known is known
 *   lookFor(keyId)   for one fetch, shared with all who wait; not at all where the key is known, or one was looked for just before
 */
import { backoffMs, type Clock, type Log, type Randomness } from "@larder/service";
import { fetchKeys } from "./fetch-keys.ts";
import { KeySet, type PublicKey, publicKeysOf } from "./key-set.ts";

export const issuerKeyLimits = {
  /** Discovery document and key set together. */
  fetchMs: 5_000,
  /** Keys that the issuer takes back are gone after so long. */
  refreshMs: 300_000,
  /** How often unknown keys may have it asked anew: anybody can name one. */
  lookAgainMs: 10_000,
  /** For so long an issuer has to go on naming no key until that is believed. */
  emptyBelievedMs: 3_600_000,
} as const;

const retry = { firstMs: 1_000, maxMs: 60_000 };

export interface IssuerKeysOptions {
  issuer: string;
  /** null: where the issuer's discovery document says. */
  jwksUrl: string | null;
  /** Those of an earlier life. */
  known: readonly PublicKey[];
  clock: Clock;
  randomness: Randomness;
  log: Log;
  limits?: Record<keyof typeof issuerKeyLimits, number>;
}

export class IssuerKeys {
  readonly keys = new KeySet();
  readonly #options: IssuerKeysOptions;
  readonly #limits: Record<keyof typeof issuerKeyLimits, number>;
  readonly #stopping = new AbortController();
  #fetching: Promise<boolean> | null = null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #emptySinceMs: number | null = null;
  #emptyAnswers = 0;
  /** What the last fetch failed with: said once. */
  #problem = "";

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
    this.#limits = options.limits ?? issuerKeyLimits;
    this.keys.use(options.known);
  }

  /** How often it has named no key although it had some. */
  get emptyAnswers(): number {
    return this.#emptyAnswers;
  }

  /** Waits for nothing. */
  start(): void {
    void this.#keepFresh();
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Resolves once it has been looked whether the issuer has a key of that id, or that is not to be done now. Never rejects. */
  async lookFor(keyId: string): Promise<void> {
    if (this.keys.has(keyId)) return;
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#fetching === null && nowMs - this.#lookedAtMs < this.#limits.lookAgainMs) return;
    this.#lookedAtMs = nowMs;
    await this.#fetch();
  }

  async #keepFresh(): Promise<void> {
    const { clock, randomness } = this.#options;
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; ) {
      failures = (await this.#fetch()) ? 0 : failures + 1;
      await clock.sleep(failures === 0 ? this.#limits.refreshMs : backoffMs(failures - 1, retry, randomness), signal);
    }
  }

  #fetch(): Promise<boolean> {
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  /** Whether there was an answer that counts. */
  async #fetchOnce(): Promise<boolean> {
    const { issuer, jwksUrl, log } = this.#options;
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#limits.fetchMs)]);
    try {
      this.#take(publicKeysOf(await fetchKeys({ issuer, jwksUrl, signal })));
      if (this.#problem !== "") log.info({ issuer }, "the issuer's keys could be fetched again");
      this.#problem = "";
      return true;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== this.#problem && !this.#stopping.signal.aborted)
        log.warn({ issuer, problem, keys: this.keys.keys.length }, "the issuer's keys cannot be fetched");
      this.#problem = problem;
      return false;
    }
  }

  /** Throws where it names none and that is not to be believed yet. */
  #take(keys: readonly PublicKey[]): void {
    if (keys.length > 0 || this.keys.keys.length === 0) this.#emptySinceMs = null;
    else {
      const nowMs = this.#options.clock.monotonicMs();
      this.#emptySinceMs ??= nowMs;
      this.#emptyAnswers++;
      if (nowMs - this.#emptySinceMs < this.#limits.emptyBelievedMs) throw new Error("it names no key");
    }
    this.keys.use(keys);
  }
}

export function emptyAnswersOf(all: readonly IssuerKeys[]): number {
  return all.reduce((sum, { emptyAnswers }) => sum + emptyAnswers, 0);
}
