import { describe, expect, test } from "bun:test";
import { type DaemonEvent, type DaemonState, restartDelayMs, transition } from "./daemon-state.ts";

/** Replays "event@ms …" and returns what was done: "spawn announce retry:0 …". */
function replay(script: string): { actions: string; state: DaemonState } {
  let state: DaemonState = { kind: "idle" };
  const actions: string[] = [];
  for (const step of script.split(" ")) {
    const [event, atMs = "0"] = step.split("@");
    const next = transition(state, event as DaemonEvent, Number(atMs));
    state = next.state;
    actions.push(next.action.kind === "retry" ? `retry:${next.action.delayMs}` : next.action.kind);
  }
  return { actions: actions.join(" "), state };
}

test("restart delays: none, then a tenth of a second, doubling to five", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000].map(restartDelayMs)).toEqual([
    0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000,
  ]);
});

describe("a daemon", () => {
  test("that fails at its first start is given up", () => {
    expect(replay("start exited")).toEqual({ actions: "spawn give-up", state: { kind: "failed" } });
  });

  test("that crashes later is restarted, sooner or later", () => {
    expect(replay("start ready exited@100 due@100 ready@150 exited@200 due@300 exited@350").actions).toBe(
      "spawn announce retry:0 spawn announce retry:100 spawn retry:200",
    );
  });

  test("that lived for ten seconds is forgiven", () => {
    expect(replay("start ready exited@10 due@10 ready@20 exited@10010").actions).toBe(
      "spawn announce retry:0 spawn announce retry:0",
    );
    expect(replay("start ready exited@10 due@10 ready@20 exited@10009").actions).toBe(
      "spawn announce retry:0 spawn announce retry:100",
    );
  });

  test("that cannot start again is not forgiven, however long it tried", () => {
    expect(replay("start ready exited@10 due@10 exited@60000").actions).toBe("spawn announce retry:0 spawn retry:100");
  });

  test("that says that no restart helps is not restarted", () => {
    expect(replay("start ready refused stop")).toEqual({
      actions: "spawn announce give-up none",
      state: { kind: "stopped" },
    });
    expect(replay("start ready stop refused").state).toEqual({ kind: "stopped" });
  });

  test("is stopped from any state", () => {
    expect(replay("start stop ready exited")).toEqual({
      actions: "spawn ask-to-stop none none",
      state: { kind: "stopped" },
    });
    expect(replay("start ready stop exited stop").actions).toBe("spawn announce ask-to-stop none none");
    expect(replay("start ready exited stop due").actions).toBe("spawn announce retry:0 none none");
    expect(replay("start exited stop").actions).toBe("spawn give-up none");
    expect(replay("stop").state).toEqual({ kind: "stopped" });
  });

  test("never takes an event that cannot happen", () => {
    for (const script of ["ready", "exited", "due", "start start", "start ready ready", "start ready due"])
      expect(() => replay(script)).toThrow("cannot take");
  });
});
