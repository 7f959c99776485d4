/**
 * The states of one node on its host, and every change between them. Pure: what has to be done in a state, and how long
 * it takes, is the supervisor's business.
 *
 *   state     event      next      because
 *   absent    start      starting
 *   absent    adopt      starting  a process of an earlier agent may live
 *   absent    fail       backoff   no engine can serve it
 *   absent    remove     stopping
 *   starting  answer     running
 *   starting  lost       absent    what was to be adopted is not there
 *   starting  exit,fail  backoff
 *   starting  remove     stopping
 *   running   exit       absent    the first death after a steady time: start again at once
 *   running   exit       backoff   died again and again
 *   running   remove     stopping
 *   backoff   retry      absent
 *   backoff   remove     stopping
 *   stopping  gone       gone
 *
 * Any other pair is a bug.
 */
export interface NodeProblem {
  code: string;
  message: string;
}

/** `failures` counts the deaths and failed starts since the engine last ran for `steadyMs`. */
export type NodeLifeState =
  | { kind: "absent"; failures: number; problem: NodeProblem | null }
  | { kind: "starting"; failures: number; problem: NodeProblem | null }
  | { kind: "running"; failures: number }
  | { kind: "backoff"; failures: number; problem: NodeProblem }
  | { kind: "stopping" }
  | { kind: "gone" };

export type NodeEvent =
  | { kind: "start" }
  | { kind: "adopt" }
  | { kind: "lost" }
  | { kind: "answer" }
  | { kind: "fail"; problem: NodeProblem }
  | { kind: "exit"; ranMs: number; problem: NodeProblem }
  | { kind: "retry" }
  | { kind: "remove" }
  | { kind: "gone" };

/** An engine that ran this long had not failed to start. */
export const steadyMs = 10_000;

export const initialState: NodeLifeState = { kind: "absent", failures: 0, problem: null };

export function transition(state: NodeLifeState, event: NodeEvent): NodeLifeState {
  switch (state.kind) {
    case "absent":
      if (event.kind === "start" || event.kind === "adopt") return { ...state, kind: "starting" };
      if (event.kind === "fail") return failed(state.failures, event.problem);
      if (event.kind === "remove") return { kind: "stopping" };
      break;
    case "starting":
      if (event.kind === "answer") return { kind: "running", failures: state.failures };
      if (event.kind === "lost") return { ...state, kind: "absent" };
      if (event.kind === "exit" || event.kind === "fail") return failed(state.failures, event.problem);
      if (event.kind === "remove") return { kind: "stopping" };
      break;
    case "running":
      if (event.kind === "exit") return died(event.ranMs >= steadyMs ? 0 : state.failures, event.problem);
      if (event.kind === "remove") return { kind: "stopping" };
      break;
    case "backoff":
      if (event.kind === "retry") return { ...state, kind: "absent" };
      if (event.kind === "remove") return { kind: "stopping" };
      break;
    case "stopping":
      if (event.kind === "gone") return { kind: "gone" };
      break;
    case "gone":
      break;
  }
  throw new Error(`a node cannot take ${event.kind} while ${state.kind}`);
}

function failed(failures: number, problem: NodeProblem): NodeLifeState {
  return { kind: "backoff", failures: failures + 1, problem };
}

function died(failures: number, problem: NodeProblem): NodeLifeState {
  if (failures === 0) return { kind: "absent", failures: 1, problem };
  return failed(failures, problem);
}
