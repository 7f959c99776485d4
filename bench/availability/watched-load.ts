/** A load on a subject while events happen to it. */
import { systemClock } from "@larder/service";
import { startClientProcess } from "../client-process.ts";
import type { EventReport, LoadOrder, LoadReport } from "./load/orders.ts";
import type { Run } from "./runs.ts";
import type { Subject } from "./subject.ts";

/** The load as it is without an event, between two of them. */
const betweenEventsMs = 300;

export interface Measurement {
  clients: number;
  signal: AbortSignal;
}

export class WatchedLoad {
  readonly #ask: <Answer>(order: LoadOrder) => Promise<Answer>;
  readonly #subject: Subject;

  private constructor(subject: Subject, ask: <Answer>(order: LoadOrder) => Promise<Answer>) {
    this.#subject = subject;
    this.#ask = ask;
  }

  /** The stack ends the process of the clients. */
  static async open(
    stack: AsyncDisposableStack,
    subject: Subject,
    { clients, signal }: Measurement,
  ): Promise<WatchedLoad> {
    await subject.untilWhole();
    const child = startClientProcess(stack, "availability/load/clients.ts", signal);
    const load = new WatchedLoad(subject, (order) => child.ask(subject.name, order));
    await load.#ask({ kind: "open", endpoint: subject.endpoint, clients, roles: subject.roles });
    return load;
  }

  /** Resolves when the subject is whole and the load has been as usual for a while. */
  async quiet(): Promise<void> {
    await this.#subject.untilWhole();
    await systemClock.sleep(betweenEventsMs);
  }

  begin(signal: "SIGKILL" | "SIGSTOP" | null = null, pids: readonly number[] = []): Promise<unknown> {
    return this.#ask({ kind: "begin", signal, pids });
  }

  end(): Promise<EventReport> {
    return this.#ask({ kind: "end" });
  }

  close(): Promise<LoadReport> {
    return this.#ask({ kind: "close" });
  }
}

/** Of a subject: one event after the other under one load. */
export async function measureEvents(
  subject: Subject,
  measurement: Measurement,
  plan: { scenario: Run["scenario"]; events: number; happen(load: WatchedLoad): Promise<Run["events"][number]> },
): Promise<Run> {
  await using stack = new AsyncDisposableStack();
  const load = await WatchedLoad.open(stack, subject, measurement);
  const events: Run["events"] = [];
  for (let event = 0; event < plan.events; event++) {
    measurement.signal.throwIfAborted();
    await load.quiet();
    events.push(await plan.happen(load));
  }
  await load.quiet();
  const { scenario } = plan;
  return { scenario, subject: subject.name, clients: measurement.clients, events, load: await load.close() };
}
