import { expect, test } from "bun:test";
import { judgeAvailability } from "./availability-goals.ts";
import type { LoadReport } from "./load/orders.ts";
import type { MeasuredEvent, Run } from "./runs.ts";

const event: MeasuredEvent = {
  ...{
    firstWriteMs: 200,
    gapMs: 200,
    clientGapMs: 200,
    writes: 1,
    reads: 1,
    failedReads: 0,
    reconnects: 0,
    errors: [],
  },
  ...{ latency: { p50Ms: 1, p99Ms: 1, maxMs: 200 }, writeErrorsMax: 1, move: null },
};

const load: LoadReport = {
  ...{ seconds: 1, writes: 1, reads: 1, failedReads: 0, reconnects: 0, errors: [], lost: 0, doubled: 0 },
  messages: { published: 1, missing: 0, twice: 0 },
  queued: { pushed: 1, missing: 0, twice: 0 },
  transactions: { done: 1, torn: 0 },
};

const kills = (changes: Partial<Run> = {}): Run => ({
  ...{ scenario: "kills", subject: "larder", clients: 50, events: [event, event], load },
  ...changes,
});

function resultsOf(runs: Run[], scenario: "kills" | "moves" = "kills"): Record<string, [string[], boolean]> {
  const judged = judgeAvailability({ scenarios: [scenario], clients: [50] }, { runs, throughputs: [] });
  return Object.fromEntries(judged.map(({ text, values, isMet }) => [text.replace(/^.*: /, ""), [values, isMet]]));
}

test("kills within their goals; what was not measured is not met", () => {
  const results = resultsOf([kills()]);
  expect(results["first write after, p50"]).toEqual([["200 ms"], true]);
  expect(results["reads that failed"]).toEqual([["0"], true]);
  expect(results["acknowledged writes lost"]).toEqual([["–"], false]);
});

test("one event without a write afterwards is the worst", () => {
  const results = resultsOf([kills({ events: [event, event, { ...event, firstWriteMs: null }] })]);
  expect(results["first write after, p50"]).toEqual([["200 ms"], true]);
  expect(results["first write after, worst"]?.[1]).toBeFalse();
});

test("errors count by what they say", () => {
  const errors = [
    { role: "writer", text: "OUTCOMEUNKNOWN the engine was lost", count: 30 },
    { role: "writer", text: "UNAVAILABLE no engine", count: 2 },
    { role: "watcher", text: "connection lost", count: 1 },
  ];
  const results = resultsOf([kills({ load: { ...load, errors } })]);
  expect(results["errors of writes that speak of anything but an unknown outcome"]).toEqual([["2"], false]);
});

test("the hold of a move is the service's own figure", () => {
  const move = (holdMs: number): MeasuredEvent => ({ ...event, move: { holdMs, durationMs: 100 } });
  const results = resultsOf([kills({ scenario: "moves", events: [move(2), move(3), move(4)] })], "moves");
  expect(results["hold, p50"]).toEqual([["3.0 ms"], true]);
});
