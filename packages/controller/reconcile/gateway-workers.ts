/**
 * The gateway's workers as they last reported, each life of a process by itself.
 *
 * A worker is connected from its first word until its stream ends, which is when its process ends, or until it is silent
 * for too long. Nobody waits for one that is gone, and late words of its last moments do not bring it back. One that
 * follows its stream and has not reported yet is connected, too: what it has in force is not known.
 *
 * Its counters stay in the sums for as long as this process lives, so that no total goes back when a worker is replaced;
 * what it counted after its last report is lost with it.
 */
import { type GatewayReport, gatewayLimits } from "@larder/api";
import type { Clock } from "@larder/service";

/** A worker that misses this many reports in a row is gone. */
const missedReportsMax = 3;
/** Workers that are gone and of which each is remembered; those before them only as a sum. */
const goneMax = 64;

interface Worker {
  report: GatewayReport | null;
  heardAtMs: number;
  streams: number;
  hadStream: boolean;
}

export class GatewayWorkers {
  readonly #clock: Clock;
  readonly #workers = new Map<string, Worker>();
  /** Totals of workers that are not remembered any more. */
  readonly #totals = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  connected(worker: string): void {
    const known = this.#worker(worker);
    known.streams++;
    known.hadStream = true;
  }

  disconnected(worker: string): void {
    const known = this.#worker(worker);
    known.streams--;
    if (known.streams === 0) this.#forgetOldest();
  }

  /** Returns whether it says something of interest to changes under way. */
  reported(report: GatewayReport): boolean {
    const known = this.#worker(report.worker);
    const before = known.report;
    known.report = report;
    return before?.revision !== report.revision || !isSame(before, report);
  }

  /** The newest report of each worker that is connected; null of one that has not reported yet. */
  connectedReports(): (GatewayReport | null)[] {
    return [...this.#workers.values()].filter((each) => this.#isConnected(each)).map((each) => each.report);
  }

  /** Counters and gauges over all workers, by name and labels. */
  metrics(): Map<string, number> {
    const samples = new Map(this.#totals);
    for (const worker of this.#workers.values()) {
      for (const [sample, value] of Object.entries(worker.report?.metrics ?? {}))
        if (isTotal(sample) || this.#isConnected(worker)) add(samples, sample, value);
    }
    return samples;
  }

  #worker(id: string): Worker {
    const known = this.#workers.get(id) ?? { report: null, heardAtMs: 0, streams: 0, hadStream: false };
    known.heardAtMs = this.#clock.monotonicMs();
    this.#workers.set(id, known);
    return known;
  }

  #isConnected(worker: Worker): boolean {
    const silentMs = this.#clock.monotonicMs() - worker.heardAtMs;
    return (worker.streams > 0 || !worker.hadStream) && silentMs < missedReportsMax * gatewayLimits.reportEveryMs;
  }

  #forgetOldest(): void {
    const gone = [...this.#workers].filter(([, worker]) => !this.#isConnected(worker));
    for (const [id, worker] of gone.slice(0, -goneMax)) {
      for (const [sample, value] of Object.entries(worker.report?.metrics ?? {}))
        if (isTotal(sample)) add(this.#totals, sample, value);
      this.#workers.delete(id);
    }
  }
}

/** `name_total` or `name_total{labels}`. */
function isTotal(sample: string): boolean {
  return /_total(\{|$)/.test(sample);
}

function add(samples: Map<string, number>, sample: string, value: number): void {
  samples.set(sample, (samples.get(sample) ?? 0) + value);
}

function isSame(a: GatewayReport | null, b: GatewayReport): boolean {
  return a !== null && sameText(a.listeners, b.listeners) && sameText(a.moves.map(stateOf), b.moves.map(stateOf));
}

/** What is in flight changes all the time. */
function stateOf({ moveId, state }: GatewayReport["moves"][number]) {
  return { moveId, state };
}

function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
