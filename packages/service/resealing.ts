/**
 * Keeps what a daemon has on disk sealed with the present key: anew at its start, and soon after there is another key, which nobody has
 * to tell it. What it writes meanwhile is sealed with the newest anyway. It says which key that is, so that whoever makes keys knows
 * which of them are still needed.
 */
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { SecretKeys } from "./secret-keys.ts";

export interface ResealingOptions {
  keys: SecretKeys;
  /** Seals anew all that is not sealed with the present key. Idempotent; throws what the disk does. */
  reseal: () => void;
  /** It is done, with another key than before. */
  onResealed: () => void;
  clock: Clock;
  log: Log;
}

/** Whoever asked for a new key waits for this. */
const lookEveryMs = 500;

export class Resealing {
  readonly #options: ResealingOptions;
  #keyId: string | null = null;
  #isFailing = false;

  constructor(options: ResealingOptions) {
    this.#options = options;
  }

  /** Of the key that sealed all there is, or of a later one; null before the first look. */
  get keyId(): string | null {
    return this.#keyId;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.look();
      await this.#options.clock.sleep(lookEveryMs, signal);
    }
  }

  /** Never throws: what could not be sealed anew is tried again at the next look. */
  look(): void {
    const { keys, reseal, onResealed, log } = this.#options;
    try {
      const { keyId } = keys.open();
      if (keyId === this.#keyId) return;
      reseal();
      this.#keyId = keyId;
      this.#isFailing = false;
      onResealed();
    } catch (error) {
      if (!this.#isFailing) log.error({ err: error }, "files cannot be sealed with the present key");
      this.#isFailing = true;
    }
  }
}
