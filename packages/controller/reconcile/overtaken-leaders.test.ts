/** A store that was put back from a copy, and engines that know of later leaders. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentReport, Leader, NodeId, NodeObserved, ReplicationObserved } from "@larder/api";
import { createLog, systemClock } from "@larder/service";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cacheFixture, nodeFixture } from "../documents/cache-fixture.ts";
import { cacheKey } from "../documents/document-keys.ts";
import { boxFixture } from "../store/box-fixture.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { leaderAbove, OvertakenLeaders } from "./overtaken-leaders.ts";
import type { CacheSeen } from "./plan/observed.ts";
import { planLeader } from "./plan/plan-leader.ts";

const leader: Leader = {
  epoch: 3,
  firstEpoch: 3,
  nodeId: "shop-1" as NodeId,
  runId: "life-1",
  endedAtMs: null,
  address: { host: "10.0.0.1", port: 1 },
};
const nodes = [nodeFixture("shop-1", "host-1"), nodeFixture("shop-2", "host-2")];
const cache = cacheFixture({ nodes, leader });

function observed(nodeId: string, replication: Partial<ReplicationObserved>): NodeObserved {
  const runId = `life-of-${nodeId}`;
  const address = { host: "10.0.0.2", port: 2 };
  return { nodeId, runId, replication: { role: "replica", address, ...replication } } as NodeObserved;
}

const nowMs = 70_000;

function above(document: CacheDocument, ...seen: NodeObserved[]): Leader | null {
  return leaderAbove(document, new Map(seen.map((node) => [node.nodeId, node])), { nowMs, areAllHeard: true });
}

test("whoever leads goes on to lead, above all epochs", () => {
  const successor = observed("shop-2", { role: "primary", epoch: 5 });
  expect(above(cache, observed("shop-1", { epoch: 5 }), successor)).toEqual({
    epoch: 6,
    firstEpoch: 5,
    nodeId: "shop-2" as NodeId,
    runId: "life-of-shop-2",
    endedAtMs: null,
    address: { host: "10.0.0.2", port: 2 },
  });
  expect(above({ ...cache, leader: null }, successor)).toMatchObject({ epoch: 6, nodeId: "shop-2" });
});

const nobody = { nodeId: "" as NodeId, runId: "" };

test("where nobody leads, nobody's life has ended: neither the end nor the life of the store's leader says anything", () => {
  const ended = { ...leader, ...nobody, epoch: 6, firstEpoch: 5, endedAtMs: nowMs };
  expect(above(cache, observed("shop-2", { role: "detached", epoch: 5 }))).toEqual(ended);
  const overtaken = { ...observed("shop-1", { epoch: 5 }), runId: leader.runId };
  expect(above(cache, overtaken)).toEqual(ended);
  expect(above({ ...cache, leader: null }, observed("shop-2", { epoch: 5 }))).toBeNull();
});

test("a leader that its followers hear is waited for, and so is who may not have spoken yet", () => {
  expect(above(cache, observed("shop-1", { epoch: 5, hearsLeader: true }))).toBeNull();
  const one = observed("shop-1", { epoch: 5 });
  const another = { ...observed("shop-2", {}), replication: null };
  for (const nodes of [[one], [one, another]]) {
    const seen = new Map(nodes.map((node) => [node.nodeId, node]));
    expect(leaderAbove(cache, seen, { nowMs, areAllHeard: false })).toBeNull();
  }
});

const three = { ...cache, nodes: [...nodes, nodeFixture("shop-3", "host-3")] };
const startedAnew = observed("shop-1", { epoch: 5, copiedEpoch: 0, offset: 0 });
const olderCopy = observed("shop-3", { epoch: 5, copiedEpoch: 3, offset: 9_000 });

/** What the plan comes to, whose nodes are these. */
function succeeding(document: CacheDocument, ...seen: NodeObserved[]) {
  const ended = above(document, ...seen);
  const detached = seen.map((node) => ({
    ...node,
    state: "running" as const,
    replication: node.replication && { ...node.replication, role: "detached" as const, epoch: ended?.epoch ?? 0 },
  }));
  const observedNodes = document.nodes.map((node) => {
    const found = detached.find(({ nodeId }) => nodeId === node.nodeId) ?? null;
    return { ...node, agentReporting: found !== null, seen: found };
  });
  const cacheSeen = { sinceMs: 0, nodes: observedNodes } as unknown as CacheSeen;
  return planLeader({ ...document, leader: ended }, cacheSeen, nowMs).leader?.nodeId;
}

test("an older copy does not succeed while somebody is silent who may have a newer one, though the store's leader has ended", () => {
  expect(succeeding(three, startedAnew, olderCopy)).toBeUndefined();
  expect(succeeding(three, startedAnew, olderCopy, observed("shop-2", { epoch: 5, copiedEpoch: 0 }))).toBe(
    "shop-3" as NodeId,
  );
});

test("the store's leader, who follows by now, may have the newest copy, and an acknowledged write alone", () => {
  const durable = { ...three, settings: { ...three.settings, durableWrites: true } };
  const newest = { ...observed("shop-1", { epoch: 5, copiedEpoch: 5, offset: 10_000 }), runId: leader.runId };
  const behind = observed("shop-3", { epoch: 5, copiedEpoch: 5, offset: 9_000 });
  const empty = observed("shop-2", { epoch: 5, copiedEpoch: 0 });
  expect(succeeding(durable, newest, empty, behind)).toBe("shop-1" as NodeId);
});

test("a primary of an older epoch is not taken for the leader, and a move is left alone", () => {
  const [old, replica] = [observed("shop-1", { role: "primary", epoch: 4 }), observed("shop-2", { epoch: 5 })];
  expect(above(cache, old, replica)).toMatchObject({ epoch: 6, ...nobody, endedAtMs: nowMs });
  expect(above({ ...cache, move: {} as never }, old, replica)).toBeNull();
});

let directory: string;
let store: SqliteStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-store-"));
  store = SqliteStore.open(join(directory, "store.db"), boxFixture());
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

test("the store catches up with each node once, however late its engine answers", async () => {
  const key = cacheKey(cache.name);
  await store.transact({ put: [{ key, value: cache }] });
  let reports: AgentReport[] = [];
  let told = Promise.withResolvers<void>();
  const report = (hostId: string, node: NodeObserved) => {
    reports = [...reports, { hostId, nodes: [node] } as unknown as AgentReport];
    told.resolve();
  };
  const nextChange = () => {
    told = Promise.withResolvers<void>();
    return told.promise;
  };
  const log = createLog("test", "fatal");
  const leaders = new OvertakenLeaders({
    store,
    observations: { agentReports: () => reports, nextChange, sinceMs: 0 },
    clock: systemClock,
    log,
  });
  const epochs = async () => (await store.get<CacheDocument>(key))?.value.leader?.epoch;
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  leaders.start();
  report("host-1", observed("shop-1", { epoch: 3 }));
  report("host-2", { ...observed("shop-2", {}), replication: null });
  await settle();
  expect(await epochs()).toBe(3);
  report("host-2", observed("shop-2", { role: "primary", epoch: 5 }));
  await settle();
  expect(await epochs()).toBe(6);
  told.resolve();
  await settle();
  expect(await epochs()).toBe(6);
  const stopped = leaders.stop();
  told.resolve();
  await stopped;
});
