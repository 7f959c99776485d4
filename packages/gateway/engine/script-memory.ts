/**
 * The scripts that clients of a cache loaded through this gateway. An engine does not replicate its script cache, so
 * another node has to be given them before EVALSHA goes there. Bounded: the ones not used for longest are forgotten.
 */
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";

export class ScriptMemory {
  /** In the order of their last use. */
  readonly #scripts = new Map<string, Buffer>();
  #bytes = 0;

  get bodies(): Iterable<Buffer> {
    return this.#scripts.values();
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(body: Buffer): boolean {
    return this.#scripts.has(nameOf(body));
  }

  /** Notes what EVAL, SCRIPT LOAD or SCRIPT FLUSH does to the engine's script cache. */
  note(words: readonly Buffer[]): void {
    const [name, second] = [textOf(words[0]), textOf(words[1])];
    if ((name === "eval" || name === "eval_ro") && words[1] !== undefined) this.#remember(words[1]);
    else if (name === "script" && second === "load" && words[2] !== undefined) this.#remember(words[2]);
    else if (name === "script" && second === "flush") this.#forgetAll();
  }

  #remember(body: Buffer): void {
    if (body.length > limits.scriptBytesMax) {
      counters.larder_gateway_scripts_forgotten_total++;
      return;
    }
    const key = nameOf(body);
    const known = this.#scripts.get(key);
    this.#scripts.delete(key);
    this.#scripts.set(key, known ?? Buffer.from(body));
    if (known === undefined) this.#bytes += body.length;
    for (const [oldest, script] of this.#scripts) {
      if (this.#bytes <= limits.scriptBytesMax) break;
      counters.larder_gateway_scripts_forgotten_total++;
      this.#scripts.delete(oldest);
      this.#bytes -= script.length;
    }
  }

  #forgetAll(): void {
    this.#scripts.clear();
    this.#bytes = 0;
  }
}

function nameOf(body: Buffer): string {
  return `${Bun.hash(body)} ${body.length}`;
}

/** Lower case; empty for what is too long to be a name. */
function textOf(word: Buffer | undefined): string {
  return word === undefined || word.length > 16 ? "" : word.toString("latin1").toLowerCase();
}
