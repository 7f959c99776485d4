/**
 * Keeps this gateway and its engines where placement.ts wants them: a look at the CPUs twice a second, and a call for each
 * thread that has to move. Only main threads are placed, which is where both programs do their work: collecting garbage,
 * deleting in the background and writing to disk happen in others and stay free.
 *
 * It is for one gateway process with native engines on the same machine. With several workers an engine serves all of
 * them; an embedded engine shares its agent's process. What the system does not allow stays as it is.
 */
import type { Clock, Log } from "@larder/service";
import { counters } from "../metrics.ts";
import { allowCpus, allowedCpus } from "./affinity.ts";
import { apart, nextPlacement, type Placement } from "./placement.ts";
import { readUsage, sharesBetween, type Usage } from "./usage.ts";

export interface CpuPlacementOptions {
  /** The engines' processes at this moment. */
  engines(): Iterable<number>;
  /** Otherwise engines are left free, which also undoes what a process before this one did. */
  mayShare: boolean;
  clock: Clock;
  log: Log;
}

const lookEveryMs = 500;

export class CpuPlacement {
  readonly #options: CpuPlacementOptions;
  /** What this process may use; empty where nothing can be placed. */
  #allowed: readonly number[] = [];
  #placement: Placement = apart;
  /** Where each thread is, by its id; null for apart. */
  readonly #placed = new Map<number, number | null>();
  #seen: { usage: Usage; atMs: number } | null = null;
  #timer: Timer | null = null;

  constructor(options: CpuPlacementOptions) {
    this.#options = options;
  }

  /** Does nothing where there is one CPU only, or no way to choose. */
  start(): void {
    this.#allowed = allowedCpus(process.pid) ?? [];
    if (this.#allowed.length < 2) return;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  /** Leaves engines, which may outlive this process, free to run anywhere. */
  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#placement = apart;
    this.#apply();
  }

  /** Whether any engine is beside this process at this moment. */
  get hasEngineBeside(): boolean {
    return this.#isTogether && this.#placed.size > 0;
  }

  get #isTogether(): boolean {
    return this.#placement.cpu !== null;
  }

  #look(): void {
    if (this.#options.mayShare) this.#decide();
    this.#apply();
  }

  #decide(): void {
    const atMs = this.#options.clock.monotonicMs();
    const usage = readUsage(this.#allowed, this.#isTogether ? [] : this.#threads());
    const before = this.#seen;
    this.#seen = { usage, atMs };
    if (before === null) return;
    const { cpu } = this.#placement;
    this.#placement = nextPlacement(this.#placement, sharesBetween(before.usage, usage, atMs - before.atMs));
    if (this.#placement.cpu === cpu) return;
    counters.larder_gateway_cpu_placements_total++;
    // Which threads are looked at depends on the state.
    this.#seen = null;
  }

  #threads(): number[] {
    const engines = [...this.#options.engines()];
    return engines.length === 0 ? [] : [process.pid, ...engines];
  }

  #apply(): void {
    const threads = new Set(this.#threads());
    for (const [thread, cpu] of this.#placed) {
      if (threads.has(thread)) continue;
      this.#placed.delete(thread);
      if (cpu !== null) allowCpus(thread, this.#allowed);
    }
    for (const thread of threads) this.#place(thread, this.#placement.cpu);
  }

  #place(thread: number, cpu: number | null): void {
    if (this.#placed.get(thread) === cpu) return;
    this.#placed.set(thread, cpu);
    if (!allowCpus(thread, cpu === null ? this.#allowed : [cpu]))
      this.#options.log.debug({ thread, cpu }, "the system does not let this thread be placed");
  }
}
