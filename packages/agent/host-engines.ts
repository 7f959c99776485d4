/**
 * The engines of the host as they were last seen. They may be installed, replaced and removed while the agent runs: a
 * program whose file was replaced is another version from then on, while engines that run stay what they are.
 */
import { LarderError } from "@larder/api";
import type { Log } from "@larder/service";
import { type Engines, type FindOptions, findEngines } from "./engine/find.ts";
import { ProgramMemory } from "./engine/program-memory.ts";

export class HostEngines {
  readonly #options: FindOptions & { log: Log };
  readonly #memory = new ProgramMemory();
  #current: Engines = { found: [], nodePath: null };

  constructor(options: FindOptions & { log: Log }) {
    this.#options = options;
  }

  get current(): Engines {
    return this.#current;
  }

  /** For the first time. Throws EngineNotAvailable when a given --engine-path is no engine that Larder runs. */
  async find(): Promise<Engines> {
    this.#current = await findEngines(this.#options, this.#memory);
    return this.#current;
  }

  /** Resolves with whether there are others now. A given program that is no engine any more changes nothing. */
  async lookAgain({ asksAll }: { asksAll: boolean }): Promise<boolean> {
    if (asksAll) this.#memory.clear();
    const before = JSON.stringify(this.#current);
    try {
      await this.find();
    } catch (error) {
      if (!(error instanceof LarderError)) throw error;
      this.#options.log.warn({ code: error.code, reason: error.message }, "the engine's program is not usable");
    }
    const hasChanged = JSON.stringify(this.#current) !== before;
    if (hasChanged) this.#options.log.info({ engines: this.#current.found }, "the host's engines have changed");
    return hasChanged;
  }
}
