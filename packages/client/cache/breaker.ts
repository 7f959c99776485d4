/**
 * Whether the server is asked. Pure: it is told what happened and when.
 *
 *   state   failed                        succeeded   asked whether a call may go
 *   closed  n-th in a row: open           closed      yes
 *   open    open, from now on             closed      no; once `openMs` have passed: try, and then no until that has ended
 *
 * The trial is a PING of the cache's own, so no caller waits for a server that is still away.
 */
export type Permission = "yes" | "no" | "try";

export class Breaker {
  readonly #failuresMax: number;
  readonly #openMs: number;
  #failures = 0;
  #openUntilMs: number | null = null;
  #isTrying = false;

  constructor({ failures, openMs }: { failures: number; openMs: number }) {
    this.#failuresMax = failures;
    this.#openMs = openMs;
  }

  get isOpen(): boolean {
    return this.#openUntilMs !== null;
  }

  ask(nowMs: number): Permission {
    if (this.#openUntilMs === null) return "yes";
    if (this.#isTrying || nowMs < this.#openUntilMs) return "no";
    this.#isTrying = true;
    return "try";
  }

  /** Returns whether that has closed it. */
  succeeded(): boolean {
    const wasOpen = this.isOpen;
    this.#failures = 0;
    this.#openUntilMs = null;
    this.#isTrying = false;
    return wasOpen;
  }

  /** Returns whether that has opened it. */
  failed(nowMs: number): boolean {
    const wasOpen = this.isOpen;
    this.#failures++;
    if (this.#failures < this.#failuresMax && !wasOpen) return false;
    this.#openUntilMs = nowMs + this.#openMs;
    this.#isTrying = false;
    return !wasOpen;
  }
}
