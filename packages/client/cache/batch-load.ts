/**
 * One load for those of many keys that are missing. It begins when each key has said whether it needs it: it was found, or somebody else is loading
 * it, or this call may load it. One that only later may, as another's load has failed, is loaded alone.
 */
import type { Key, Load, LoadMany } from "./options.ts";

interface Wanted {
  key: Key;
  signal: AbortSignal;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

export class BatchLoad {
  readonly #load: LoadMany<unknown>;
  #undecided: number;
  #wanted: Wanted[] = [];

  constructor(load: LoadMany<unknown>, count: number) {
    this.#load = load;
    this.#undecided = count;
  }

  /** For one of the keys; `decided` is called as soon as it is known that it does not load now. */
  part(key: Key): { load: Load<unknown>; decided: () => void } {
    let isDecided = false;
    const decided = () => {
      if (isDecided) return;
      isDecided = true;
      if (--this.#undecided === 0) void this.#run();
    };
    const load: Load<unknown> = ({ signal }) =>
      new Promise((resolve, reject) => {
        this.#wanted.push({ key, signal, resolve, reject });
        if (this.#undecided === 0) void this.#run();
        else decided();
      });
    return { load, decided };
  }

  async #run(): Promise<void> {
    const wanted = this.#wanted;
    const [first] = wanted;
    if (first === undefined) return;
    this.#wanted = [];
    try {
      const values = await this.#load(
        wanted.map(({ key }) => key),
        { signal: first.signal },
      );
      if (!Array.isArray(values) || values.length !== wanted.length)
        throw new TypeError(
          "A loader of many keys returns one value for each, in their order; null where there is none.",
        );
      for (const [index, { resolve }] of wanted.entries()) resolve(values[index]);
    } catch (error) {
      for (const { reject } of wanted) reject(error);
    }
  }
}
