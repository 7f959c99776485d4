import { expect, test } from "bun:test";
import {
  type AgentReport,
  agentLimits,
  type CacheId,
  type GatewayReport,
  type NodeId,
  type NodeObserved,
  type ReplicationObserved,
} from "@larder/api";
import type { Clock } from "@larder/service";
import { Observations } from "./observations.ts";

const nodeId = "shop-1" as NodeId;
const cacheId = "cache-1" as CacheId;

function observed() {
  const time = { ms: 0 };
  const clock: Clock = { nowMs: () => time.ms, monotonicMs: () => time.ms, sleep: () => Promise.resolve() };
  const observations = new Observations(clock);
  const heard: string[] = [];
  observations.listen({
    onNodes: (ids) => heard.push(...ids),
    onTransfers: (ids) => heard.push(...ids),
    onAgent: () => heard.push("agent"),
    onProgress: () => heard.push("progress"),
  });
  let { stamp } = observations.agentReported({ ...agentReport(), stamp: null });
  /** As the agent does it: with the stamp of the last answer. Whether it was taken. */
  const report = (given: AgentReport): boolean => {
    const answer = observations.agentReported({ ...given, stamp });
    stamp = answer.stamp;
    return answer.isTaken;
  };
  return { observations, heard, time, clock, report };
}

function agentReport(node: Partial<NodeObserved> = {}): AgentReport {
  const whole = { nodeId, cacheId, generation: 1, state: "running", socketPath: "/s", pid: 1, runId: "1" } as const;
  const nodes = [
    {
      ...whole,
      engine: null,
      memoryBytesUsed: 1,
      accessGeneration: 0,
      refusedUsers: [],
      replication: null,
      error: null,
      endedRunId: null,
      restored: null,
      persistence: null,
      ...node,
    },
  ];
  const host = { hostId: "a", memoryBytesTotal: 1, address: "127.0.0.1", zone: null, engineKind: "auto" } as const;
  return { ...host, stamp: null, engines: [], nodes, transfers: [] };
}

function gatewayReport(worker: string, revision: number): GatewayReport {
  const nothing = { listeners: [], privateNetworks: [], clients: [], moves: [], metrics: {} };
  return { worker, index: 1, workers: 1, pid: 1, revision, ...nothing };
}

test("a report tells of the nodes that changed; a gauge that moves is no change", () => {
  const { heard, report } = observed();
  report(agentReport());
  report(agentReport({ memoryBytesUsed: 2 }));
  expect(heard).toEqual(["agent"]);
  report(agentReport({ state: "starting" }));
  report({ ...agentReport(), nodes: [] });
  expect(heard).toEqual(["agent", cacheId, cacheId]);
});

test("an offset that moves is no change; a link that comes up, or a replica that comes, is one", () => {
  const { heard, report } = observed();
  const replica = { address: "h:2", offset: 1, lagSeconds: 0, state: "online" };
  const told = (given: Partial<ReplicationObserved>) => {
    const replication: ReplicationObserved = {
      ...{
        address: { host: "h", port: 1 },
        role: "primary",
        epoch: 1,
        copiedEpoch: 1,
        offset: 1,
        inSync: false,
        hearsLeader: false,
        holdsWrites: false,
        replicas: [replica],
      },
      ...given,
    };
    report(agentReport({ replication }));
    return heard.splice(0);
  };
  told({});
  expect(told({ offset: 2, replicas: [{ ...replica, offset: 2, lagSeconds: 1 }] })).toEqual([]);
  expect(told({ replicas: [] })).toEqual([cacheId]);
  expect(told({ replicas: [], inSync: true })).toEqual([cacheId]);
});

test("a report that is old, or made for another life of the controller, is not taken and tells nothing", () => {
  const { observations, heard, time, clock, report } = observed();
  expect(report(agentReport())).toBe(true);
  time.ms = agentLimits.reportAgeMs;
  expect(report(agentReport({ state: "starting" }))).toBe(true);
  expect(heard.splice(0)).toEqual(["agent", cacheId]);

  time.ms += agentLimits.reportAgeMs + 1;
  expect(report(agentReport())).toBe(false);
  expect(observations.reportsTooOld).toBe(1);
  expect(observations.node({ hostId: "a", nodeId })).toMatchObject({ node: { state: "starting" } });
  expect(heard).toEqual([]);
  expect(report(agentReport())).toBe(true);

  const { stamp } = observations.agentReported(agentReport());
  const nextLife = new Observations(clock);
  expect(nextLife.agentReported({ ...agentReport(), stamp }).isTaken).toBe(false);
  expect(nextLife.lastReport("a")).toBeUndefined();
});

test("who stands still while a report is taken believes no report that waited meanwhile", () => {
  const { observations, time, report } = observed();
  report(agentReport());
  const standStill = () => {
    time.ms += agentLimits.lostMs + 1;
  };
  observations.listen({ onNodes: standStill, onTransfers() {}, onAgent() {}, onProgress() {} });
  expect(report(agentReport({ state: "starting" }))).toBe(true);
  expect(observations.agentReports()).toEqual([]);
  expect(report(agentReport())).toBe(false);
  expect(report(agentReport())).toBe(true);
});

test("an agent that goes silent is not connected, and what it said last is kept", () => {
  const { observations, time, report } = observed();
  report(agentReport());
  expect(observations.node({ hostId: "a", nodeId })).toMatchObject({ connected: true, node: { state: "running" } });
  time.ms = 60_000;
  expect(observations.node({ hostId: "a", nodeId })).toMatchObject({ connected: false, node: { state: "running" } });
  expect(observations.agentReports()).toEqual([]);
});

test("an agent whose stream ends is gone at once", () => {
  const { observations, report } = observed();
  const ended = observations.agentConnected("a");
  report(agentReport());
  ended();
  expect(observations.node({ hostId: "a", nodeId }).connected).toBe(false);
});

test("a node fails since its first failure, until it runs", () => {
  const { observations, time, report } = observed();
  const failingSince = (state: NodeObserved["state"], ms: number) => {
    time.ms = ms;
    report(agentReport({ state }));
    return observations.node({ hostId: "a", nodeId }).failingSinceMs;
  };
  expect(failingSince("starting", 1)).toBeNull();
  expect(failingSince("failed", 2)).toBe(2);
  expect(failingSince("starting", 3)).toBe(2);
  expect(failingSince("failed", 4)).toBe(2);
  expect(failingSince("running", 5)).toBeNull();
});

test("a gateway that comes or goes is progress", () => {
  const { observations, heard } = observed();
  observations.gatewayConnected("one")();
  expect(heard).toEqual(["progress", "progress"]);
});

test("a gateway's report is progress only when it says something new", () => {
  const { observations, heard } = observed();
  for (const revision of [1, 1, 2]) observations.gatewayReported(gatewayReport("one", revision));
  expect(heard).toEqual(["progress", "progress"]);
});

test("whoever waits for the next change is woken by it", async () => {
  const { observations, report } = observed();
  const waiting = observations.nextChange(new AbortController().signal);
  report(agentReport());
  await waiting;
});
