/** Whether a connection can be asked, and who waits for it or wants to know. */
import { systemClock } from "../clock.ts";
import { ConnectionClosed, type ConnectionListener, connectionLimits, ServerUnreachable } from "./connection.ts";

export class Readiness {
  isReady = false;
  readonly #listeners = new Set<ConnectionListener>();
  #lastError: Error | undefined;
  #refusal: Error | undefined;
  /** Since when it has not been there, as far as anybody asked. */
  #awaySinceMs: number | undefined;

  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ready(): void {
    this.isReady = true;
    this.#awaySinceMs = undefined;
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
    this.#awaySinceMs ??= systemClock.monotonicMs();
    for (const listener of [...this.#listeners]) listener.onLost?.(error);
  }

  /**
   * Rejects with ServerUnreachable when it was not ready for `connectMs`: at once where it has been away for so long already. And as soon
   * as it is refused, with why.
   */
  wait(): Promise<void> {
    if (this.isReady) return Promise.resolve();
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    this.#awaySinceMs ??= systemClock.monotonicMs();
    const leftMs = this.#awaySinceMs + connectionLimits.connectMs - systemClock.monotonicMs();
    if (leftMs <= 0) return Promise.reject(new ServerUnreachable(this.#lastError));
    return new Promise((resolve, reject) => {
      const end = (error?: Error) => {
        clearTimeout(timer);
        stop();
        if (error === undefined) resolve();
        else reject(error);
      };
      const stop = this.listen({ onReady: () => end(), onLost: () => this.#refusal && end(this.#refusal) });
      const timer = setTimeout(() => end(new ServerUnreachable(this.#lastError)), leftMs);
    });
  }
}
