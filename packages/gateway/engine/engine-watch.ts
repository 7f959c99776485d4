/**
 * Whether an engine still answers, and which of its commands are slow. An engine can hang without its connections ending
 * (a stopped process, a stuck disk): nothing would tell the clients, who would wait for ever.
 *
 * One question is under way at a time. Silence longer than `engineSilenceMs` is told once; then it asks anew.
 */
import type { Reply } from "@larder/resp";
import { limits } from "../limits.ts";
import { type CommandTimes, learnSlow, parseCommandTimes } from "./slow-commands.ts";

export interface EngineWatchOptions {
  /** Resolves with undefined where the question cannot be asked, or the connection ends before the answer. */
  ask(words: readonly string[]): Promise<Reply | undefined>;
  onSilent(): void;
  onSlow(commands: ReadonlySet<string>): void;
  monotonicMs(): number;
}

export class EngineWatch {
  readonly #options: EngineWatchOptions;
  #askedMs: number | null = null;
  #rounds = 0;
  #times: CommandTimes | null = null;
  #slow: ReadonlySet<string> = new Set();

  constructor(options: EngineWatchOptions) {
    this.#options = options;
  }

  /** To be called every `engineWatchMs`. */
  look(): void {
    const nowMs = this.#options.monotonicMs();
    if (this.#askedMs !== null) {
      if (nowMs - this.#askedMs < limits.engineSilenceMs) return;
      this.#options.onSilent();
    }
    this.#askedMs = nowMs;
    void this.#ask(nowMs);
  }

  async #ask(askedMs: number): Promise<void> {
    const learns = this.#rounds++ % limits.slowLearnRounds === 0;
    const reply = await this.#options.ask(learns ? ["Info", "commandstats"] : ["Ping"]);
    if (this.#askedMs !== askedMs) return;
    this.#askedMs = null;
    if (learns && typeof reply === "string") this.#learn(parseCommandTimes(reply));
  }

  #learn(times: CommandTimes): void {
    const before = this.#times;
    this.#times = times;
    if (before === null) return;
    const { slow, isChanged } = learnSlow(this.#slow, before, times);
    this.#slow = slow;
    if (isChanged) this.#options.onSlow(slow);
  }
}
