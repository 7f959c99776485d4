/**
 * One daemon under supervision: carries out what `daemon-state.ts` decides. `start()` resolves when it is ready for the
 * first time, or rejects with what it said of its failure; from then on it is started again whenever it ends.
 */
import { type ErrorCode, errorTable, LarderError } from "@larder/api/errors";
import type { Clock } from "../clock.ts";
import type { DaemonPlan } from "./daemon-plan.ts";
import type { DaemonExit, DaemonProcess, SpawnDaemon } from "./daemon-process.ts";
import { type DaemonEvent, type DaemonState, transition } from "./daemon-state.ts";

/** Longer than a daemon gives itself (lifecycle.ts, stopTimeoutMs). */
const stopTimeoutMs = 12_000;

export interface DaemonEvents {
  /** It ended by itself and is started again after the delay. */
  onCrash(plan: DaemonPlan, exit: DaemonExit, delayMs: number): void;
  /** It ended by itself, after it was ready, and is not started again: its host does not belong to the service any more. */
  onGivenUp(plan: DaemonPlan, exit: DaemonExit): void;
  /** A later life is ready, under a new process id. */
  onRestarted(plan: DaemonPlan, pid: number): void;
}

export class Daemon {
  readonly plan: DaemonPlan;
  readonly #spawn: SpawnDaemon;
  readonly #clock: Clock;
  readonly #events: DaemonEvents;
  #state: DaemonState = { kind: "idle" };
  #process: DaemonProcess | undefined;
  #cancelRetry = () => {};
  #first = Promise.withResolvers<void>();
  #isReadyOnce = false;
  #exit: DaemonExit = { status: null, signal: null, error: null };

  constructor(plan: DaemonPlan, parts: { spawn: SpawnDaemon; clock: Clock; events: DaemonEvents }) {
    this.plan = plan;
    this.#spawn = parts.spawn;
    this.#clock = parts.clock;
    this.#events = parts.events;
    this.#first.promise.catch(() => {});
  }

  /** Of the newest life. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start(): Promise<void> {
    this.#take("start");
    return this.#first.promise;
  }

  /** Does not wait any longer with a restart. */
  hurry(): void {
    if (this.#state.kind !== "waiting") return;
    this.#cancelRetry();
    this.#take("due");
  }

  /** Resolves when the process is gone; one that does not go is killed. */
  async stop(): Promise<void> {
    this.#take("stop");
    this.#cancelRetry();
    this.#first.reject(new LarderError("ServiceUnavailable", `The ${this.plan.name} was stopped before it was ready.`));
    const process = this.#process;
    if (process === undefined) return;
    const cancel = this.#clock.after(stopTimeoutMs, () => process.kill());
    await process.exited;
    cancel();
  }

  kill(): void {
    this.#process?.kill();
  }

  #take(event: DaemonEvent): void {
    const step = transition(this.#state, event, this.#clock.monotonicMs());
    this.#state = step.state;
    switch (step.action.kind) {
      case "none":
        return;
      case "spawn":
        return this.#begin();
      case "announce":
        return this.#announce();
      case "ask-to-stop":
        return this.#process?.askToStop();
      case "give-up":
        if (this.#isReadyOnce) return this.#events.onGivenUp(this.plan, this.#exit);
        return this.#first.reject(startFailure(this.plan, this.#exit));
      case "retry":
        this.#cancelRetry = this.#clock.after(step.action.delayMs, () => this.#take("due"));
        return this.#events.onCrash(this.plan, this.#exit, step.action.delayMs);
    }
  }

  #begin(): void {
    const process = this.#spawn(this.plan, () => this.#take("ready"));
    this.#process = process;
    void process.exited.then((exit) => {
      this.#exit = exit;
      this.#take(exit.error?.code === "HostRemoved" ? "refused" : "exited");
    });
  }

  #announce(): void {
    const pid = this.#process?.pid;
    if (this.#isReadyOnce && pid !== undefined) this.#events.onRestarted(this.plan, pid);
    this.#isReadyOnce = true;
    this.#first.resolve();
  }
}

function startFailure(plan: DaemonPlan, exit: DaemonExit): LarderError {
  if (exit.error !== null && exit.error.code in errorTable)
    return new LarderError(exit.error.code as ErrorCode, exit.error.message);
  return new LarderError(
    "InternalError",
    `The ${plan.name} ended at its start (${describeExit(exit)}); see ${plan.logPath}.`,
  );
}

/** "signal SIGKILL", "exit status 70". */
export function describeExit(exit: DaemonExit): string {
  return exit.signal === null ? `exit status ${exit.status}` : `signal ${exit.signal}`;
}
