/** Counting clients in a process of their own, as a part of the benchmark asks for them. */
import { type ClientProcess, startClientProcess } from "../../client-process.ts";
import type { Endpoint } from "../../load.ts";
import type { CountingOrder, CountingPlan, Look } from "./counting-orders.ts";
import type { Kept, Latency } from "./write-log.ts";

export class Counting {
  readonly #process: ClientProcess;
  readonly #log: string;

  private constructor(process: ClientProcess, log: string) {
    this.#process = process;
    this.#log = log;
  }

  /** The stack ends the process. */
  static start(stack: AsyncDisposableStack, signal: AbortSignal, log = "writes"): Counting {
    return new Counting(startClientProcess(stack, "data/counting/counting-clients.ts", signal), log);
  }

  /** Others of the same process, whose writes are counted by themselves. */
  beside(log: string): Counting {
    return new Counting(this.#process, log);
  }

  begin(plan: CountingPlan): Promise<Look> {
    return this.#ask({ order: "start", log: this.#log, ...plan });
  }

  /** Their connections end at once. */
  end(): Promise<Look> {
    return this.#ask({ order: "stop", log: this.#log });
  }

  look(): Promise<Look> {
    return this.#ask({ order: "look", log: this.#log });
  }

  /** Between two moments of theirs. */
  latency(fromMs: number, toMs: number): Promise<Latency> {
    return this.#ask({ order: "latency", log: this.#log, fromMs, toMs });
  }

  kept(at: { endpoint: Endpoint; prefix: string; base: number }): Promise<Kept> {
    return this.#ask({ order: "check", log: this.#log, ...at });
  }

  #ask<Answer>(order: CountingOrder): Promise<Answer> {
    return this.#process.ask<Answer>(`counting ${this.#log}`, order);
  }
}
