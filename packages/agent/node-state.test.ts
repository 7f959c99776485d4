import { describe, expect, test } from "bun:test";
import { initialState, type NodeEvent, type NodeLifeState, steadyMs, transition } from "./node-state.ts";

const problem = { code: "EngineStartFailed", message: "why" };
const start: NodeEvent = { kind: "start" };
const answer: NodeEvent = { kind: "answer" };
const exit = (ranMs: number): NodeEvent => ({ kind: "exit", ranMs, problem });

const after = (...events: NodeEvent[]) => events.reduce<NodeLifeState>(transition, initialState);

describe("node state", () => {
  test("starts, runs and leaves", () => {
    expect(after(start, answer)).toEqual({ kind: "running", failures: 0 });
    expect(after(start, answer, { kind: "remove" }, { kind: "gone" })).toEqual({ kind: "gone" });
  });

  test("the first death leads to a start at once, the next ones wait longer and longer", () => {
    expect(after(start, answer, exit(5))).toEqual({ kind: "absent", failures: 1, problem });
    expect(after(start, answer, exit(5), start, answer, exit(5))).toEqual({ kind: "backoff", failures: 2, problem });
  });

  test("a steady run forgets earlier failures", () => {
    const flaky = after(start, answer, exit(5), start, answer);
    expect(transition(flaky, exit(steadyMs))).toEqual({ kind: "absent", failures: 1, problem });
  });

  test("a start that fails waits, and tries again", () => {
    const waiting = after(start, exit(0));
    expect(waiting).toEqual({ kind: "backoff", failures: 1, problem });
    expect(transition(waiting, { kind: "retry" })).toEqual({ kind: "absent", failures: 1, problem });
    expect(after({ kind: "fail", problem })).toEqual(waiting);
  });

  test("what was to be adopted and is not there is started", () => {
    expect(after({ kind: "adopt" }, { kind: "lost" }, start, answer)).toEqual({ kind: "running", failures: 0 });
  });

  test("an unknown pair is a bug", () => {
    expect(() => after(answer)).toThrow("cannot take answer while absent");
    expect(() => after(start, start)).toThrow("cannot take start while starting");
    expect(() => after(start, answer, { kind: "remove" }, exit(0))).toThrow("cannot take exit while stopping");
  });
});
