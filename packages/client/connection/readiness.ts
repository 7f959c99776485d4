/** Whether a connection can be asked, and who waits for it or wants to know. */
import { ConnectionClosed, type ConnectionListener, connectionLimits, ServerUnreachable } from "./connection.ts";

export class Readiness {
  isReady = false;
  readonly #listeners = new Set<ConnectionListener>();
  #lastError: Error | undefined;
  #refusal: Error | undefined;

  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ready(): void {
    this.isReady = true;
    for (const listener of [...this.#listeners]) listener.onReady?.();
  }

  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** It will never be ready. */
  refuse(error: Error): void {
    this.#refusal = error;
    this.lost(error);
  }

  close(): void {
    if (!this.isRefused) this.refuse(new ConnectionClosed());
  }

  lost(error: Error): void {
    this.isReady = false;
    this.#lastError = error;
    for (const listener of [...this.#listeners]) listener.onLost?.(error);
  }

  /** Rejects with ServerUnreachable when it is not ready within `connectMs`, and as soon as it is refused with why. */
  wait(): Promise<void> {
    if (this.isReady) return Promise.resolve();
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    return new Promise((resolve, reject) => {
      const end = (error?: Error) => {
        clearTimeout(timer);
        stop();
        if (error === undefined) resolve();
        else reject(error);
      };
      const stop = this.listen({ onReady: () => end(), onLost: () => this.#refusal && end(this.#refusal) });
      const timer = setTimeout(() => end(new ServerUnreachable(this.#lastError)), connectionLimits.connectMs);
    });
  }
}
