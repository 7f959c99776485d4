import { describe, expect, test } from "bun:test";
import type { EngineVersion, Leader, NodeId, RouteNode, ScheduleEntry } from "@larder/api";
import type { CacheDocument, MoveCause } from "../documents/cache-document.ts";
import { cacheFixture, nodeFixture } from "../documents/cache-fixture.ts";
import type { CacheAction } from "../reconcile/plan/plan-cache.ts";
import { noticesOf, scheduledNotice } from "./planned-notices.ts";

// A Saturday.
const nowMs = Date.parse("2026-11-21T12:00:00Z");
const old: EngineVersion = { name: "valkey", version: "8.0.1" };
const newer: EngineVersion = { name: "valkey", version: "8.1.0" };
const [a, b] = [routeNode("shop-1"), routeNode("shop-2")];

function routeNode(nodeId: string): RouteNode {
  return { nodeId: nodeId as NodeId, socketPath: `/${nodeId}`, address: null, engine: "valkey", version: "8.0.1" };
}

function cacheOf(changes: Partial<CacheDocument> = {}): CacheDocument {
  const nodes = [nodeFixture("shop-1", "host-1"), nodeFixture("shop-2", "host-2")];
  return cacheFixture({
    nodes: nodes.map((node) => ({ ...node, engine: old })),
    route: { epoch: 1, node: a, readNodes: [] },
    ...changes,
  });
}

function moving(cause: MoveCause): CacheDocument {
  const times = { startMs: nowMs, phaseMs: nowMs };
  return cacheOf({ move: { moveId: "move", target: b, phase: "hold", cause, ...times } });
}

const leader: Leader = {
  epoch: 2,
  firstEpoch: 2,
  nodeId: b.nodeId,
  runId: "2",
  endedAtMs: null,
  address: { host: "127.0.0.1", port: 1 },
};
const handOver: CacheAction = {
  type: "handOver",
  from: { hostId: "host-1", nodeId: a.nodeId, runId: "1" },
  to: { hostId: "host-2", nodeId: b.nodeId, runId: "2" },
  leader,
  transfer: null,
};

function typesOf(cache: CacheDocument, action: CacheAction): string[] {
  return noticesOf(cache, action, nowMs).map(({ type }) => type.slice("NodeMaintenance".length));
}

describe.each(["update", "drain", "scale"] as const)("a move for %s", (cause) => {
  test("is announced from its beginning to its end", () => {
    expect(typesOf(cacheOf(), { type: "beginMove", target: b, cause })).toEqual(["Starting", "Start"]);
    expect(typesOf(moving(cause), { type: "holdMove" })).toEqual([]);
    expect(typesOf(moving(cause), handOver)).toEqual(["FailoverComplete", "Ended"]);
  });

  test("ends when it is called off", () => {
    expect(typesOf(moving(cause), { type: "callOff", reason: "late" })).toEqual(["Ended"]);
  });
});

test.each(["switchover", "reboot"] as const)("a %s, which somebody asked for, is not announced", (cause) => {
  expect(typesOf(cacheOf(), { type: "beginMove", target: b, cause })).toEqual([]);
  expect(typesOf(moving(cause), handOver)).toEqual([]);
  expect(typesOf(moving(cause), { type: "callOff", reason: "late" })).toEqual([]);
});

test("notices are about the node that leads; only what is yet to come has a time", () => {
  expect(noticesOf(cacheOf(), { type: "beginMove", target: b, cause: "update" }, nowMs)).toEqual([
    { type: "NodeMaintenanceStarting", startMs: nowMs, isReplica: false, hostId: "host-1" },
    { type: "NodeMaintenanceStart", startMs: null, isReplica: false, hostId: "host-1" },
  ]);
});

describe("an update that waits for its window", () => {
  const noon = [{ dayOfWeek: "Saturday", startHourUtc: 12, maintenanceWindow: "PT5H" }] satisfies ScheduleEntry[];
  const waiting = { startNow: false, paused: false, stopped: null };
  const opensMs = nowMs;
  const minuteMs = 60_000;

  function scheduledAt(ms: number, changes: Partial<CacheDocument> = {}, engine: EngineVersion | null = newer) {
    return scheduledNotice(cacheOf({ patchSchedule: noon, update: waiting, ...changes }), engine, ms);
  }

  test("is announced at most fifteen minutes before", () => {
    const notice = { type: "NodeMaintenanceScheduled", startMs: opensMs, isReplica: false, hostId: "host-1" } as const;
    expect(scheduledAt(opensMs - 15 * minuteMs)).toEqual(notice);
    expect(scheduledAt(opensMs - 1)).toEqual(notice);
    expect(scheduledAt(opensMs - 15 * minuteMs - 1)).toBeUndefined();
    expect(scheduledAt(opensMs)).toBeUndefined();
  });

  test("is not announced where nothing is to be updated then", () => {
    const soonMs = opensMs - minuteMs;
    expect(scheduledAt(soonMs, {}, old)).toBeUndefined();
    expect(scheduledAt(soonMs, {}, null)).toBeUndefined();
    expect(scheduledAt(soonMs, { patchSchedule: [] })).toBeUndefined();
    expect(scheduledAt(soonMs, { update: { ...waiting, paused: true } })).toBeUndefined();
    expect(scheduledAt(soonMs, { update: { ...waiting, startNow: true } })).toBeUndefined();
    const stopped = { code: "UpdateStopped", message: "It failed." };
    expect(scheduledAt(soonMs, { update: { ...waiting, stopped } })).toBeUndefined();
  });
});
