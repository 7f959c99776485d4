/**
 * A new key for what the store seals, and everything sealed anew with it.
 *
 * Two keys are kept, so all has to be sealed with the present one before the next comes: what an interrupted rotation left is done first.
 */
import type { Log, SecretKeys } from "@larder/service";
import type { SealedStore } from "./store.ts";

export class SecretsRotation {
  readonly #options: { keys: SecretKeys; store: SealedStore; log: Log };
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: { keys: SecretKeys; store: SealedStore; log: Log }) {
    this.#options = options;
  }

  /** One at a time. Resolves with the new key's id and the number of documents. Throws OperationNotSupported, ConfigInvalid. */
  rotate(): Promise<{ keyId: string; documents: number }> {
    const rotated = this.#running.then(() => this.#rotate());
    this.#running = rotated.catch(() => {});
    return rotated;
  }

  async #rotate(): Promise<{ keyId: string; documents: number }> {
    const { keys, store, log } = this.#options;
    const present = keys.open();
    const left = await store.reseal(present);
    if (keys.isGiven && left > 0) return { keyId: present.keyId, documents: left };
    const next = keys.rotate();
    const documents = await store.reseal(next);
    log.info({ keyId: next.keyId, documents }, "secrets are sealed with a new key");
    return { keyId: next.keyId, documents };
  }
}
