/** What comes after a migration: comparisons, and the way back, as an agent carries them out with real engines. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { fillWithAllTypes } from "./fixture/all-types.ts";
import { startCuttingProxy } from "./fixture/cutting-proxy.ts";
import { EngineClients } from "./fixture/engine-clients.ts";
import { longTest } from "./fixture/long-test.ts";
import { hasRedis } from "./fixture/native-engine.ts";
import { remoteOf, SourceServer } from "./fixture/source-server.ts";
import { TransferAgent } from "./fixture/transfer-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

let agent: TransferAgent;
let source: SourceServer;
const clients = new EngineClients();

beforeEach(async () => {
  agent = await TransferAgent.make();
});

afterEach(async () => {
  clients.close();
  await source.stop();
  await agent.clear();
});

/** Every type comes to the node, from an engine that writes them otherwise. */
async function migrated() {
  const old = source.client();
  await fillWithAllTypes(old);
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const migration = agent.migrateInto(intake, source.remote);
  await agent.when(migration, ({ state }) => state === "following");
  expect((await agent.lead(intake, migration)).error).toBeNull();
  const { place } = await agent.done(migration);
  return { old, intake, place: place!, node: clients.admin(intake) };
}

test("a comparison finds what differs, and nothing else", async () => {
  source = await SourceServer.start(hasRedis ? "redis-server" : "valkey-server");
  const { old, intake, node } = await migrated();
  const same = await agent.done(agent.compare(intake, source.remote));
  expect(same.differences).toEqual({ count: 0, examples: [] });
  await node.set("string", "other");
  await node.del("list");
  await old.del("set");
  await node.persist("expires");
  await node.zadd("long-zset", 3, "member 2");
  await node.del("hash");
  await node.set("hash", "no hash");
  const { differences } = await agent.done(agent.compare(intake, source.remote));
  expect(differences?.examples.map(({ key, difference }) => `${key} ${difference}`).sort()).toEqual([
    "expires expiry",
    "hash type",
    "list missing here",
    "long-zset value",
    "set missing there",
    "string value",
  ]);
  const sampled = await agent.done(agent.compare(intake, source.remote, 5));
  expect(sampled.keysTotal).toBe(5);
});

test("the way back: what the node writes, once, through lost connections", async () => {
  source = await SourceServer.start();
  const { old, intake, node, place } = await migrated();
  const proxy = await startCuttingProxy(() => source.address);
  await node.set("before", "it begins");
  const reverse = agent.reverse(intake, remoteOf(proxy.address), place);
  await agent.when(reverse, ({ state }) => state === "following");
  for (let round = 0; round < 5; round++) {
    for (let index = 0; index < 200; index++) await node.multi().incr("counter").rpush("numbers", index).exec();
    proxy.cut();
  }
  await node.select(4);
  await node.set("fourth", "4", "EX", 100);
  await until("the other server has it", async () => (await old.get("counter")) === "1000");
  await agent.when(reverse, ({ lagBytes }) => lagBytes === 0);
  expect(await old.get("before")).toBe("it begins");
  expect(await old.llen("numbers")).toBe(1_000);
  await old.select(4);
  expect(await old.get("fourth")).toBe("4");
  // The key by which the other server knows how far it is, is ours.
  expect((await agent.done(agent.compare(intake, source.remote))).differences?.count).toBe(0);
  proxy.stop();
});

longTest("no way back where the stream no longer has the place", async () => {
  source = await SourceServer.start();
  const { intake } = await migrated();
  const { error } = await agent.over(agent.reverse(intake, source.remote, { history: "0".repeat(40), offset: 5 }));
  expect(error).toMatchObject({ code: "Conflict", message: expect.stringContaining("no way back") });
});
