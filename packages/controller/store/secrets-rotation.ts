/**
 * A new key for what the store seals, and everything sealed anew with it. What an interrupted rotation left is done first.
 *
 * Agents and gateways seal anew what they keep as soon as they see the key. Who has not, because it is away or its disk is full, is
 * named, and the next rotation takes no key away that it may need.
 */
import type { RotatedSecrets } from "@larder/api";
import type { Clock, Log, SecretBox, SecretKeys } from "@larder/service";
import type { SecretKeeper } from "./secret-keepers.ts";
import type { SealedStore } from "./store.ts";

export interface SecretsRotationOptions {
  keys: SecretKeys;
  store: SealedStore;
  /** Who else has files that the key seals. */
  keepers: () => Promise<SecretKeeper[]>;
  clock: Clock;
  log: Log;
}

/** Several looks of theirs, and a report. Who is away is not waited for. */
const waitMs = 5_000;
const lookEveryMs = 50;

export class SecretsRotation {
  readonly #options: SecretsRotationOptions;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: SecretsRotationOptions) {
    this.#options = options;
  }

  /** One at a time. Throws OperationNotSupported, ConfigInvalid, StoreUnusable. */
  rotate(): Promise<RotatedSecrets> {
    const rotated = this.#running.then(() => this.#rotate());
    this.#running = rotated.catch(() => {});
    return rotated;
  }

  async #rotate(): Promise<RotatedSecrets> {
    const { keys, store, log } = this.#options;
    const present = keys.open();
    const left = await store.reseal(present);
    if (keys.isGiven && left > 0) return await this.#rotated(present, left);
    const next = keys.rotate({ keepsAll: (await this.#behind(present)).length > 0 });
    const documents = await store.reseal(next);
    const rotated = await this.#rotated(next, documents);
    log.info(rotated, "secrets are sealed with a new key");
    return rotated;
  }

  async #rotated(box: SecretBox, documents: number): Promise<RotatedSecrets> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + waitMs;
    let behind = await this.#behind(box);
    while (behind.some(({ keyId }) => keyId !== null) && clock.monotonicMs() < endMs) {
      await clock.sleep(lookEveryMs);
      behind = await this.#behind(box);
    }
    return { keyId: box.keyId, documents, behind: behind.map(({ name }) => name) };
  }

  /** Who has another of the box's keys, or cannot be asked. A key that is none of them is of another file. */
  async #behind(box: SecretBox): Promise<SecretKeeper[]> {
    const keepers = await this.#options.keepers();
    return keepers.filter(({ keyId }) => keyId === null || (keyId !== box.keyId && box.has(keyId)));
  }
}
