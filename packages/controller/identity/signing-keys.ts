/**
 * The keys with which tokens are signed: RSA, in the store. A key is told a day before it signs, so that everybody has it by
 * then, and stays told after the next has taken over, until the last token that it signed has expired.
 *
 *   told, not yet used ── signsFromMs ──► signs ── the next one's signsFromMs ──► told only ── keptMs ──► gone
 */
import { generateKeyPair as generate } from "node:crypto";
import { promisify } from "node:util";
import type { Clock, Log, Randomness } from "@larder/service";
import { calculateJwkThumbprint, type JWK } from "jose";
import { signingKeysKey } from "../documents/document-keys.ts";
import type { Store } from "../store/store.ts";
import { KeySet } from "../tokens/key-set.ts";
import { identityLimits } from "./identity-limits.ts";

const generateKeyPair = promisify(generate);

export const signingAlgorithm = "RS256";
const modulusLength = 2_048;
const hourMs = 3_600_000;
export const signingKeyTimes = {
  signsMs: 30 * 24 * hourMs,
  toldBeforeMs: 24 * hourMs,
  /** Twice a token's life, for clocks that differ and tokens that were just made. */
  keptMs: 2 * identityLimits.accessTokenSeconds * 1_000,
  lookEveryMs: hourMs,
} as const;

/** `jwk` is the private key. */
export interface SigningKey {
  keyId: string;
  signsFromMs: number;
  jwk: JWK;
}

export interface KeyPlan {
  /** Still to be told, the oldest first. */
  kept: SigningKey[];
  /** undefined: none yet. */
  signing: SigningKey | undefined;
  /** When a key that is to be made now begins to sign; null: none is to be made. */
  nextSignsFromMs: number | null;
}

/** Pure. */
export function planKeys(keys: readonly SigningKey[], nowMs: number): KeyPlan {
  const { signsMs, toldBeforeMs, keptMs } = signingKeyTimes;
  const sorted = [...keys].sort((one, other) => one.signsFromMs - other.signsFromMs);
  const kept = sorted.filter((_, index) => {
    const next = sorted[index + 1];
    return next === undefined || next.signsFromMs + keptMs > nowMs;
  });
  const signing = kept.findLast(({ signsFromMs }) => signsFromMs <= nowMs) ?? kept[0];
  const newest = kept.at(-1);
  if (newest === undefined) return { kept, signing, nextSignsFromMs: nowMs };
  const isDue = newest.signsFromMs + signsMs - toldBeforeMs <= nowMs;
  return { kept, signing, nextSignsFromMs: isDue ? nowMs + toldBeforeMs : null };
}

export interface SigningKeysOptions {
  store: Store;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class SigningKeys {
  /** Public, for whoever verifies. */
  readonly keySet = new KeySet();
  readonly #options: SigningKeysOptions;
  readonly #stopping = new AbortController();
  #plan: KeyPlan = { kept: [], signing: undefined, nextSignsFromMs: null };

  constructor(options: SigningKeysOptions) {
    this.#options = options;
  }

  /** Makes the first key where there is none, and changes keys as time passes. */
  async start(onChanged: () => void): Promise<void> {
    await this.#bringUpToDate();
    void this.#keepUpToDate(onChanged);
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Private, the one that signs first. */
  get keys(): JWK[] {
    const { kept, signing } = this.#plan;
    return [signing, ...kept.filter((key) => key !== signing)].flatMap((key) => (key === undefined ? [] : [key.jwk]));
  }

  async #keepUpToDate(onChanged: () => void): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      await clock.sleep(signingKeyTimes.lookEveryMs, signal);
      if (signal.aborted) return;
      try {
        if (await this.#bringUpToDate()) onChanged();
      } catch (error) {
        log.error({ err: error }, "the keys that sign tokens cannot be changed");
      }
    }
  }

  /** Whether something changed. */
  async #bringUpToDate(): Promise<boolean> {
    const { store, clock, log } = this.#options;
    const stored = await store.get<SigningKey[]>(signingKeysKey);
    const nowMs = clock.nowMs();
    const { kept, nextSignsFromMs } = planKeys(stored?.value ?? [], nowMs);
    const keys = nextSignsFromMs === null ? kept : [...kept, await makeKey(nextSignsFromMs)];
    const isStored = JSON.stringify(keys) === JSON.stringify(stored?.value);
    if (!isStored) await store.transact({ put: [{ key: signingKeysKey, value: keys }] });
    const signedBefore = this.#plan.signing?.keyId;
    this.#plan = planKeys(keys, nowMs);
    this.keySet.use(keys.map(({ jwk }) => jwk));
    const keyId = this.#plan.signing?.keyId;
    if (keyId !== signedBefore) log.info({ keyId, keys: keys.length }, "tokens are signed with another key");
    return !isStored || keyId !== signedBefore;
  }
}

async function makeKey(signsFromMs: number): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair("rsa", { modulusLength });
  const jwk = privateKey.export({ format: "jwk" }) as JWK;
  const keyId = await calculateJwkThumbprint(jwk);
  return { keyId, signsFromMs, jwk: { ...jwk, kid: keyId, use: "sig", alg: signingAlgorithm } };
}
