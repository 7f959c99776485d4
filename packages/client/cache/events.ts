/** Who wants to know what the cache does. A listener that throws is left out of it: the call that it hears of goes on. */
import type { CacheEvent } from "./options.ts";

type Listener = (event: never) => void;
type Trouble = Extract<CacheEvent, { type: "trouble" }>;

export class Events {
  readonly #listeners = new Map<string, Set<Listener>>();
  #troubles = 0;

  /** Asked before an event is made, as most have no listener. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  get troubles(): number {
    return this.#troubles;
  }

  on(type: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(type) === listeners) this.#listeners.delete(type);
    };
  }

  emit(event: CacheEvent): void {
    for (const type of [event.type, "*"])
      for (const listener of this.#listeners.get(type) ?? []) {
        try {
          listener(event as never);
        } catch {
          // It is the listener's own.
        }
      }
  }

  trouble(trouble: Omit<Trouble, "type">): void {
    this.#troubles++;
    if (this.isHeard) this.emit({ type: "trouble", ...trouble });
  }
}
