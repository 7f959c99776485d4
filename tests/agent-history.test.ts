/**
 * Whose data an engine holds, as its own id of that history says (replication-plan.ts): what the agent takes for granted
 * of each kind of engine, and what it makes of it.
 */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { NodeObserved } from "@larder/api";
import type { Redis } from "ioredis";
import { credentialCommands } from "../packages/agent/engine/replication-settings.ts";
import { nodeCertificateFlags } from "./fixture/certificate.ts";
import { EngineClients, nativeEngines } from "./fixture/engine-clients.ts";
import { leaderOf, NodePair, nodeUser } from "./fixture/node-pair.ts";
import { TestAgent } from "./fixture/test-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

let agent: TestAgent;
let flags: string[];
const clients = new EngineClients();

beforeEach(async () => {
  agent = new TestAgent();
  agent.controller.start();
  flags = await nodeCertificateFlags(agent.directory);
});

afterEach(async () => {
  clients.close();
  await agent.clear();
});

function field(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)\r$`, "m").exec(info)?.[1] ?? "";
}

async function historyOf(engine: Redis): Promise<string> {
  return field(await engine.info("replication"), "master_replid");
}

function addressOf({ replication }: NodeObserved): [host: string, port: string] {
  return [replication!.address.host, String(replication!.address.port)];
}

/** Right behind the command, in one write. */
async function historyBehind(engine: Redis, host: string, port: string): Promise<string> {
  const [, info] = (await engine.pipeline().call("REPLICAOF", host, port).info("replication").exec()) ?? [];
  return field(String(info?.[1]), "master_replid");
}

async function isLinked(engine: Redis): Promise<boolean> {
  return field(await engine.info("replication"), "master_link_status") === "up";
}

for (const { title, program, has } of nativeEngines) {
  const run = test.skipIf(!has);
  const start = () => agent.start([...flags, "--engine-path", Bun.which(program) ?? program]);
  run(
    `${title}: a promotion begins a history, and a replica has it once it goes on with it or was copied to`,
    async () => {
      await start();
      const pair = new NodePair(agent.controller);
      pair.want();
      const nodes = { a: await pair.has("a", "detached"), b: await pair.has("b", "detached") };
      await agent.signal("SIGKILL");
      const [a, b] = [clients.admin(nodes.a), clients.admin(nodes.b)];
      for (const engine of [a, b])
        for (const command of credentialCommands(nodeUser)) await engine.call(...(command as [string, ...string[]]));
      const born = [await historyOf(a), await historyOf(b)];
      expect(born).not.toContain(await historyBehind(a, "NO", "ONE"));
      expect(await historyBehind(b, ...addressOf(nodes.a))).toBe(born[1] ?? "");
      await until("B was copied to", () => isLinked(b));
      // The first copy ever begins a history, too.
      const copied = await historyOf(a);
      expect(await historyOf(b)).toBe(copied);

      expect(await historyBehind(b, "127.0.0.1", "0")).toBe(copied);
      expect(await historyBehind(b, ...addressOf(nodes.a))).toBe(copied);
      await until("B follows again", () => isLinked(b));
      expect(await historyOf(b)).toBe(copied);

      const promoted = await historyBehind(b, "NO", "ONE");
      expect([...born, copied]).not.toContain(promoted);
      expect(await historyBehind(a, ...addressOf(nodes.b))).toBe(copied);
      await until("A goes on with what B has", () => isLinked(a));
      expect(await historyOf(a)).toBe(promoted);
      expect(field(await b.info("stats"), "sync_partial_ok")).toBe("1");

      const strayed = await historyBehind(a, "NO", "ONE");
      await a.set("stray", "1");
      await b.set("key", "value");
      expect(await historyBehind(a, ...addressOf(nodes.b))).toBe(strayed);
      const stray = { [strayed]: "1", [promoted]: null };
      await until("A was copied to", async () => {
        const replies = await a
          .pipeline()
          .info("replication")
          .config("SET", "replica-serve-stale-data", "yes")
          .get("stray")
          .exec();
        const history = field(String(replies?.[0]?.[1]), "master_replid");
        if (replies?.[2]?.[0] === null) expect(replies[2][1]).toBe(stray[history]);
        return history === promoted;
      });
      expect(field(await b.info("stats"), "sync_full")).toBe("1");
    },
  );

  run(`${title}: a replica whose link came and went while no agent looked holds that leader's data`, async () => {
    await start();
    const pair = new NodePair(agent.controller);
    const nodes = await pair.begin();
    const [a, b] = [clients.admin(nodes.a), clients.admin(nodes.b)];
    pair.want({ leader: { ...leaderOf(nodes.a, 1), endedAtMs: 1 } });
    await pair.has("a", "detached");
    await pair.has("b", "detached");

    process.kill(nodes.a.pid!, "SIGSTOP");
    pair.want({ leader: leaderOf(nodes.a, 2) });
    const unlinked = await agent.controller.observedWhen(
      pair.b,
      ({ generation, replication }) => generation === pair.b.generation && replication?.role === "replica",
    );
    expect(unlinked.replication).toMatchObject({ epoch: 2, copiedEpoch: 1, inSync: false });
    await agent.signal("SIGKILL");
    // B asks again once A leads. One that asks at that very moment falls back to SYNC, and takes over no history.
    await historyBehind(b, "127.0.0.1", "0");
    process.kill(nodes.a.pid!, "SIGCONT");
    await historyBehind(a, "NO", "ONE");
    await historyBehind(b, ...addressOf(nodes.a));
    await until("B follows", () => isLinked(b));
    process.kill(nodes.a.pid!, "SIGKILL");
    await until("B is alone", async () => !(await isLinked(b)));

    agent.controller.forget();
    await start();
    const found = await agent.controller.running(pair.b);
    expect(found.replication).toMatchObject({ role: "replica", epoch: 2, copiedEpoch: 2, inSync: false });
  });

  run(
    `${title}: a copy by the old SYNC is no part of any history, and the agent that finds it has it made anew`,
    async () => {
      await start();
      const pair = new NodePair(agent.controller);
      const nodes = await pair.begin();
      const [a, b] = [clients.admin(nodes.a), clients.admin(nodes.b)];
      await a.incr("count");
      await agent.signal("SIGKILL");
      // As when A is promoted between the two that B asks for.
      await a.acl("SETUSER", nodeUser.name, "-psync", "+sync");
      await historyBehind(b, "127.0.0.1", "0");
      await historyBehind(b, ...addressOf(nodes.a));
      await until("B was copied to", () => isLinked(b));
      await a.acl("SETUSER", nodeUser.name, "+psync");
      await a.incr("count");
      expect(field(await b.info("replication"), "repl_backlog_first_byte_offset")).toBe("0");
      expect(await a.wait(1, 100)).toBe(0);

      agent.controller.forget();
      await start();
      const found = await pair.has("b", "replica");
      expect(found).toMatchObject({ runId: nodes.b.runId, replication: { epoch: 1, copiedEpoch: 1 } });
      expect(await historyOf(b)).toBe(await historyOf(a));
      expect(await a.incr("count")).toBe(3);
      await until("B vouches for the write", async () => (await a.wait(1, 100)) === 1);
      expect(await b.get("count")).toBe("3");
    },
  );

  run(`${title}: a replica that may not PSYNC is never in sync`, async () => {
    await start();
    const pair = new NodePair(agent.controller);
    const nodes = await pair.begin();
    const [a, b] = [clients.admin(nodes.a), clients.admin(nodes.b)];
    await a.acl("SETUSER", nodeUser.name, "-psync");
    const copies = async () => Number(field(await a.info("stats"), "sync_full"));
    const before = await copies();
    await historyBehind(b, "127.0.0.1", "0");
    await agent.controller.observedWhen(pair.b, ({ replication }) => replication?.inSync === false);
    const deniedOf = async () => JSON.stringify(await a.acl("LOG"));
    // Valkey cannot keep SYNC from it, as it needs that for its second channel.
    if (program === "redis-server")
      await until("SYNC is refused as well", async () => (await deniedOf()).includes('"sync"'));
    else await until("it was copied to twice", async () => (await copies()) >= before + 2);
    await agent.controller.observedWhen(
      pair.b,
      ({ replication }) => replication?.role === "replica" && !replication.inSync,
    );
    await a.acl("SETUSER", nodeUser.name, "+psync");
    await agent.controller.observedWhen(pair.b, ({ replication }) => replication?.inSync === true);
    expect(await historyOf(b)).toBe(await historyOf(a));
    if (program === "redis-server") expect(await copies()).toBeLessThanOrEqual(before + 1);
  });
}
