/** Transfers that are called off, whose agent or engine dies, and nodes that lead once they are filled; with real engines. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import type { AgentAnswer, Leader, NodeObserved, TransferSpec } from "@larder/api";
import { EngineClients } from "./fixture/engine-clients.ts";
import { hasNativeEngine } from "./fixture/native-engine.ts";
import { leaderOf } from "./fixture/node-pair.ts";
import { TransferAgent } from "./fixture/transfer-agent.ts";
import { writeMany } from "./fixture/transferred-data.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

let agent: TransferAgent;
let source: NodeObserved;
const clients = new EngineClients();

beforeEach(async () => {
  agent = await TransferAgent.make();
  await agent.start();
  source = await agent.node();
});

afterEach(async () => {
  clients.close();
  await agent.clear();
});

async function exportKeys(count: number): Promise<void> {
  await writeMany(clients.admin(source), count);
  await agent.done(agent.exportOf(source, "shop.rdb"));
}

/** An import whose engine stands still in the middle. */
async function heldImport(): Promise<{ spec: TransferSpec; intake: NodeObserved }> {
  await exportKeys(1_000);
  const intake = await agent.intake();
  process.kill(intake.pid!, "SIGSTOP");
  const spec = agent.importInto(intake, ["shop.rdb"]);
  await agent.when(spec, ({ state }) => state === "running");
  return { spec, intake };
}

/** An export that has written something. */
async function begunExport(): Promise<TransferSpec> {
  await writeMany(clients.admin(source), 120_000, "v".repeat(100));
  const spec = agent.exportOf(source, "large.rdb");
  await until("some of the file is written", () => readdirSync(agent.files).some((name) => name.endsWith(".part")));
  return spec;
}

const hasEnded = async () => {
  const replication = await clients.admin(source).info("replication");
  return replication.includes("connected_slaves:0");
};

describe.skipIf(!hasNativeEngine)("a transfer", () => {
  test("out of a node is called off in the middle: no file, and no child of the engine", async () => {
    const spec = await begunExport();
    agent.cancel(spec);
    await until("nothing is left of the file", () => readdirSync(agent.files).length === 0);
    await until("the engine is alone", hasEnded);
    await until("its child has ended", async () =>
      (await clients.admin(source).info("persistence")).includes("rdb_bgsave_in_progress:0"),
    );
    expect(agent.transfer(spec)).toBeUndefined();
    await agent.done(agent.exportOf(source, "large.rdb"));
  });

  test("out of a node makes nobody a replica", async () => {
    const spec = await begunExport();
    expect(agent.observed(source)?.replication?.replicas).toEqual([]);
    expect(await clients.admin(source).wait(1, 1)).toBe(0);
    await agent.done(spec);
    expect(agent.observed(source)?.replication).toMatchObject({ role: "primary", replicas: [] });
  });

  test("into a node is called off in the middle; the next one fills it", async () => {
    const { spec, intake } = await heldImport();
    agent.cancel(spec);
    await until("nobody speaks of it", () => agent.transfer(spec) === undefined);
    process.kill(intake.pid!, "SIGCONT");
    expect(await agent.done(agent.importInto(intake, ["shop.rdb"]))).toMatchObject({ keys: 1_000 });
    expect(await clients.admin(intake).dbsize()).toBe(1_000);
  });

  test("waits for the one before it in the same direction", async () => {
    const { spec, intake } = await heldImport();
    const next = agent.importInto(intake, ["shop.rdb"]);
    const waiting = await agent.when(next, ({ state }) => state === "preparing");
    expect(waiting.phase).toBe("waiting for another transfer of the node");
    process.kill(intake.pid!, "SIGCONT");
    await agent.done(spec);
    // A node that is filled is for nobody else, until that is wanted no longer.
    expect(agent.transfer(next)?.state).toBe("preparing");
    agent.cancel(spec);
    await agent.done(next);
    expect(await clients.admin(intake).dbsize()).toBe(1_000);
  });

  test("into a node begins anew when its agent is killed", async () => {
    const { spec, intake } = await heldImport();
    await agent.kill();
    process.kill(intake.pid!, "SIGCONT");
    await agent.start();
    expect(await agent.done(spec)).toMatchObject({ keys: 1_000, error: null });
    expect(await clients.admin(intake).dbsize()).toBe(1_000);
  });

  test("out of a node begins anew when its agent is killed", async () => {
    const spec = await begunExport();
    await agent.kill();
    expect(readdirSync(agent.files)).not.toContain("large.rdb");
    await agent.start();
    await agent.done(spec);
    expect(agent.read("large.rdb").length).toBeGreaterThan(120_000);
  });

  test("into a node begins anew when the engine is killed", async () => {
    const { spec, intake } = await heldImport();
    process.kill(intake.pid!, "SIGKILL");
    await agent.done(spec);
    const now = agent.observed(intake)!;
    expect(now.runId).not.toBe(intake.runId);
    expect(await clients.admin(now).dbsize()).toBe(1_000);
  });
});

describe.skipIf(!hasNativeEngine)("a node that was filled", () => {
  let intake: NodeObserved;
  let filling: TransferSpec;
  let former: Leader;

  beforeEach(async () => {
    await exportKeys(100);
    former = leaderOf(source, 4);
    intake = await agent.intake();
    agent.tell(intake, former);
    await agent.observedWhen(intake, ({ replication }) => replication?.epoch === 4);
    filling = agent.importInto(intake, ["shop.rdb"]);
    await agent.done(filling);
  });

  function order(epoch: number): Promise<AgentAnswer> {
    const { nodeId, runId } = intake;
    const leader = leaderOf(intake, epoch);
    const { transferId } = filling;
    const waits = { offset: 1e12, waitMs: 1_000 };
    return agent.order({ orderId: `${epoch}`, nodeId, runId: runId!, kind: "lead", leader, transferId, ...waits });
  }

  test("leads by an order, goes back to being filled when that is called off, and leads by the next", async () => {
    const observed = (role: string, epoch: number) =>
      agent.observedWhen(intake, ({ replication }) => replication?.role === role && replication.epoch === epoch);
    expect(await observed("detached", 4)).toMatchObject({ replication: { copiedEpoch: 0 } });
    expect((await order(4)).error?.code).toBe("Conflict");
    expect((await order(5)).error).toBeNull();
    expect(await observed("primary", 5)).toMatchObject({ replication: { copiedEpoch: 5 } });
    agent.tell(intake, { ...former, epoch: 6 });
    expect(await observed("detached", 6)).toMatchObject({ replication: { copiedEpoch: 0 } });
    expect((await order(5)).error?.code).toBe("Conflict");
    expect((await order(7)).error).toBeNull();
    const leading = agent.tell(intake, leaderOf(intake, 7), { isIntake: false });
    expect(await observed("primary", 7)).toMatchObject({ runId: intake.runId, replication: { copiedEpoch: 7 } });
    const client = clients.admin(intake);
    expect(await client.dbsize()).toBe(100);
    await agent.observedWhen(intake, ({ generation }) => generation === leading.generation);
    expect(await client.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "volatile-lru"]);
  });

  test("is not filled again when it leads, although its agent comes anew and knows only the old document", async () => {
    expect((await order(5)).error).toBeNull();
    await clients.of(intake).set("written", "by a client");
    await agent.kill();
    await agent.start();
    const conflict = await agent.failed(filling);
    expect(conflict.error?.code).toBe("Conflict");
    expect(await clients.admin(intake).dbsize()).toBe(101);
    expect(agent.observed(intake)?.replication).toMatchObject({ role: "primary", epoch: 5 });
  });

  test("takes no order to lead before it is full, or that names nothing that fills it", async () => {
    agent.cancel(filling);
    process.kill(intake.pid!, "SIGSTOP");
    filling = agent.importInto(intake, ["shop.rdb"]);
    await agent.when(filling, ({ state }) => state === "running");
    process.kill(intake.pid!, "SIGCONT");
    const answers = [order(5)];
    filling = { ...filling, transferId: "another" as TransferSpec["transferId"] };
    answers.push(order(6));
    for (const answer of await Promise.all(answers)) expect(answer.error?.code).toBe("Conflict");
  });

  test("becomes a node like any other that follows the leader", async () => {
    agent.change(source, { replication: agent.replicationOf(former) });
    await agent.observedWhen(source, ({ replication }) => replication?.epoch === 4);
    await clients.admin(source).set("of the leader", "1");
    agent.tell(intake, former, { isIntake: false });
    await agent.observedWhen(intake, ({ replication }) => replication?.role === "replica" && replication.inSync);
    expect(await clients.admin(intake).dbsize()).toBe(101);
  });
});
