/** Errors by who got them and what they said. */
import type { ErrorCount } from "./orders.ts";

export class ErrorCounts {
  readonly #counts = new Map<string, ErrorCount>();

  add(role: string, text: string): void {
    const known = this.#counts.get(`${role} ${text}`);
    if (known === undefined) this.#counts.set(`${role} ${text}`, { role, text, count: 1 });
    else known.count++;
  }

  /** The most frequent first. */
  all(): ErrorCount[] {
    return [...this.#counts.values()].sort((one, other) => other.count - one.count);
  }
}
