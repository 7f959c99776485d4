import { expect, test } from "bun:test";
import type { GatewayReport } from "@larder/api";
import type { Clock } from "@larder/service";
import { GatewayWorkers } from "./gateway-workers.ts";

const nothing = { listeners: [], privateNetworks: [], clients: [], moves: [] };

function workers() {
  const time = { ms: 0 };
  const clock: Clock = { nowMs: () => time.ms, monotonicMs: () => time.ms, sleep: () => Promise.resolve() };
  const gateways = new GatewayWorkers(clock);
  const report = (worker: string, metrics: Record<string, number> = {}, revision = 1): boolean =>
    gateways.reported({ worker, index: 1, workers: 2, pid: 1, revision, ...nothing, metrics });
  const names = () => gateways.connectedReports().map((each: GatewayReport | null) => each?.worker ?? null);
  const metric = (name: string) => gateways.metrics().get(name);
  return { gateways, time, report, names, metric };
}

test("a worker is there from its first word, its report or its stream", () => {
  const { gateways, report, names } = workers();
  report("one");
  gateways.connected("two");
  expect(names()).toEqual(["one", null]);
  report("two");
  expect(names()).toEqual(["one", "two"]);
});

test("a worker whose stream ends is gone at once, whatever still arrives of it", () => {
  const { gateways, report, names } = workers();
  gateways.connected("one");
  report("one");
  gateways.disconnected("one");
  report("one");
  expect(names()).toEqual([]);
  gateways.connected("one");
  expect(names()).toEqual(["one"]);
});

test("a new stream may begin before the old one's end is seen", () => {
  const { gateways, report, names } = workers();
  gateways.connected("one");
  report("one");
  gateways.connected("one");
  gateways.disconnected("one");
  expect(names()).toEqual(["one"]);
});

test("a worker that is silent is gone, though its stream is open", () => {
  const { gateways, time, report, names } = workers();
  gateways.connected("one");
  report("one");
  time.ms = 5_999;
  report("two");
  expect(names()).toEqual(["one", "two"]);
  time.ms = 6_000;
  expect(names()).toEqual(["two"]);
});

test("totals of all workers add up and never go back; gauges are of those that are there", () => {
  const { gateways, report, metric } = workers();
  for (const worker of ["one", "two"]) {
    gateways.connected(worker);
    report(worker, { a_total: 5, 'b_total{cause="x"}': 1, connections: 3 });
  }
  expect([metric("a_total"), metric("connections")]).toEqual([10, 6]);
  gateways.disconnected("one");
  expect([metric("a_total"), metric('b_total{cause="x"}'), metric("connections")]).toEqual([10, 2, 3]);
  gateways.connected("three");
  report("three", { a_total: 1, connections: 1 });
  expect([metric("a_total"), metric("connections")]).toEqual([11, 4]);
});

test("the totals of very many dead workers are kept, the workers not", () => {
  const { gateways, report, metric } = workers();
  for (let life = 0; life < 1000; life++) {
    gateways.connected(`life ${life}`);
    report(`life ${life}`, { a_total: 1 });
    gateways.disconnected(`life ${life}`);
  }
  expect(metric("a_total")).toBe(1000);
});

test("a report is of interest when its revision or its ports are new", () => {
  const { report } = workers();
  expect([report("one"), report("one", { a_total: 1 }), report("one", {}, 2)]).toEqual([true, false, true]);
});
