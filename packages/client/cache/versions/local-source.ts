/** Versions of a cache without a server: of this process alone. One that was forgotten is made anew, and what depended on it is gone. */
import type { Clock } from "../../clock.ts";
import type { VersionSource } from "./versions.ts";

export class LocalSource implements VersionSource {
  readonly isTracked = true;
  readonly #clock: Clock;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async read(names: readonly string[]): Promise<null[]> {
    return names.map(() => null);
  }

  async ensure(): Promise<{ token: string; isNew: boolean }> {
    return { token: this.#token(), isNew: true };
  }

  async renew(): Promise<string> {
    return this.#token();
  }

  #token(): string {
    const micros = Math.floor(this.#clock.monotonicMs() * 1_000);
    return String(micros).padStart(16, "0") + String(this.#count++).padStart(8, "0");
  }
}
