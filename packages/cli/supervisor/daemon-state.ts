/**
 * The life of one supervised daemon, decided purely: events in, the next state and one action out. `daemon.ts` acts.
 *
 *   state      event    next       action
 *   idle       start    starting   spawn
 *   starting   ready    running    announce
 *   starting   exited   failed     give-up        on the first start: the operator must act, trying again is no help
 *                       waiting    retry          on a restart
 *   running    exited   waiting    retry
 *   starting, running
 *              refused  failed     give-up        it ended and said that no restart helps
 *   waiting    due      starting   spawn
 *   starting, running
 *              stop     stopping   ask-to-stop
 *   stopping   ready    stopping   -              it said so just before it read the request
 *   stopping   exited, refused
 *                       stopped    -
 *   idle, waiting, failed
 *              stop     stopped    -
 *   stopped, stopping
 *              stop     same       -
 *   waiting → stopped leaves a timer behind, so `due` is ignored by stopped, and by stopping.
 *
 * Any other pair is a bug and asserts.
 */

/** How soon a daemon that ended by itself is started again. */
export const restartPolicy = {
  /** The wait before the second restart in a row; the first is immediate. It doubles from there. */
  firstMs: 100,
  maxMs: 5_000,
  /** A life this long forgets the crashes before it. */
  healthyAfterMs: 10_000,
} as const;

export function restartDelayMs(crashesInRow: number): number {
  if (crashesInRow <= 1) return 0;
  return Math.min(restartPolicy.maxMs, restartPolicy.firstMs * 2 ** Math.min(crashesInRow - 2, 30));
}

/** `crashes` counts those in a row before this life. */
export type DaemonState =
  | { kind: "idle" }
  | { kind: "starting"; isFirst: boolean; crashes: number; sinceMs: number }
  | { kind: "running"; crashes: number; sinceMs: number }
  | { kind: "waiting"; crashes: number }
  | { kind: "failed" }
  | { kind: "stopping" }
  | { kind: "stopped" };

export type DaemonEvent = "start" | "ready" | "exited" | "refused" | "due" | "stop";

export type DaemonAction =
  | { kind: "none" }
  | { kind: "spawn" }
  | { kind: "announce" }
  | { kind: "retry"; delayMs: number }
  | { kind: "give-up" }
  | { kind: "ask-to-stop" };

export interface DaemonStep {
  state: DaemonState;
  action: DaemonAction;
}

const none: DaemonAction = { kind: "none" };

export function transition(state: DaemonState, event: DaemonEvent, nowMs: number): DaemonStep {
  switch (event) {
    case "stop":
      return afterStop(state);
    case "exited":
      return afterExit(state, nowMs);
    case "refused":
      if (state.kind === "stopping") return { state: { kind: "stopped" }, action: none };
      if (state.kind !== "starting" && state.kind !== "running") break;
      return { state: { kind: "failed" }, action: { kind: "give-up" } };
    case "due":
      return afterDue(state, nowMs);
    case "start":
      if (state.kind !== "idle") break;
      return { state: { kind: "starting", isFirst: true, crashes: 0, sinceMs: nowMs }, action: { kind: "spawn" } };
    case "ready":
      if (state.kind === "stopping") return { state, action: none };
      if (state.kind !== "starting") break;
      return {
        state: { kind: "running", crashes: state.crashes, sinceMs: state.sinceMs },
        action: { kind: "announce" },
      };
  }
  throw new Error(`a daemon that is ${state.kind} cannot take ${event}`);
}

function afterStop(state: DaemonState): DaemonStep {
  if (state.kind === "starting" || state.kind === "running")
    return { state: { kind: "stopping" }, action: { kind: "ask-to-stop" } };
  return { state: state.kind === "stopping" ? state : { kind: "stopped" }, action: none };
}

function afterDue(state: DaemonState, nowMs: number): DaemonStep {
  if (state.kind === "stopping" || state.kind === "stopped") return { state, action: none };
  if (state.kind !== "waiting") throw new Error(`a daemon that is ${state.kind} cannot take due`);
  return {
    state: { kind: "starting", isFirst: false, crashes: state.crashes, sinceMs: nowMs },
    action: { kind: "spawn" },
  };
}

function afterExit(state: DaemonState, nowMs: number): DaemonStep {
  if (state.kind === "stopping") return { state: { kind: "stopped" }, action: none };
  if (state.kind === "starting" && state.isFirst) return { state: { kind: "failed" }, action: { kind: "give-up" } };
  if (state.kind !== "starting" && state.kind !== "running")
    throw new Error(`a daemon that is ${state.kind} cannot take exited`);
  const wasHealthy = state.kind === "running" && nowMs - state.sinceMs >= restartPolicy.healthyAfterMs;
  const crashes = wasHealthy ? 1 : state.crashes + 1;
  return { state: { kind: "waiting", crashes }, action: { kind: "retry", delayMs: restartDelayMs(crashes) } };
}
