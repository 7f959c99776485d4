/** Migrations from sources that forbid replication, as an agent carries them out, into a real intake node. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { fillWithAllTypes } from "./fixture/all-types.ts";
import { startCuttingProxy } from "./fixture/cutting-proxy.ts";
import { EngineClients } from "./fixture/engine-clients.ts";
import { longTest } from "./fixture/long-test.ts";
import { remoteOf, SourceServer } from "./fixture/source-server.ts";
import { TransferAgent } from "./fixture/transfer-agent.ts";
import { until } from "./fixture/until.ts";
import { WriteLoad } from "./fixture/write-load.ts";

setDefaultTimeout(60_000);

const allowed = "user mover on >secret ~* &* +@all -psync -sync -replconf";
const login = { username: "mover", password: "secret" };
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

test("a user who may not replicate: key by key, with what changes meanwhile", async () => {
  source = await SourceServer.start("valkey-server", [allowed]);
  const old = source.client();
  await fillWithAllTypes(old);
  await old.mset({ gone: "1", changed: "1" });
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const migration = agent.migrateInto(intake, remoteOf(source.address, login));
  const { caveats } = await agent.when(migration, ({ state }) => state === "following");
  expect(caveats[0]).toContain("one by one");
  await old.del("gone");
  await old.set("changed", "2");
  await old.persist("expires");
  await old.select(5);
  await old.set("fifth", "5");
  await old.select(0);
  expect((await agent.lead(intake, migration)).error).toBeNull();
  const node = clients.admin(intake);
  expect(await node.mget("gone", "changed")).toEqual([null, "2"]);
  expect(await node.ttl("expires")).toBe(-1);
  expect(await node.dbsize()).toBe(await old.dbsize());
  expect(await node.zscore("zset", "a")).toBe("1.5");
  await node.select(5);
  expect(await node.get("fifth")).toBe("5");
});

longTest("a lost connection: all keys are looked at again, under writes", async () => {
  source = await SourceServer.start("valkey-server", [allowed]);
  const proxy = await startCuttingProxy(() => source.address);
  const old = source.client();
  for (let index = 0; index < 1_000; index++) await old.set(`key:${index}`, index);
  const load = new WriteLoad([source.client(), source.client()]);
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const given = { pausesSource: true, method: "scan" } as const;
  const migration = agent.migrateInto(intake, remoteOf(proxy.address, login), given);
  await agent.when(migration, ({ state }) => state === "following");
  proxy.cut();
  await old.del("key:1");
  await old.flushdb();
  await old.set("key:new", "1");
  await load.progress(100);
  await agent.when(migration, ({ phase }) => phase.startsWith("following"));
  await agent.when(migration, ({ keys }) => keys <= 3);
  expect((await agent.lead(intake, migration)).error).toBeNull();
  const keys = ["counter:0", "counter:1", "key:1", "key:new"];
  const [there, here] = await Promise.all([old.mget(keys), clients.admin(intake).mget(keys)]);
  expect(here).toEqual(there);
  await old.client("UNPAUSE");
  await load.end();
  proxy.stop();
});

test("a source that was emptied a moment before is looked at again before the node leads", async () => {
  source = await SourceServer.start("valkey-server", [allowed]);
  const old = source.client();
  await old.mset({ first: "1", second: "2" });
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const migration = agent.migrateInto(intake, remoteOf(source.address, login));
  await agent.when(migration, ({ state, keys }) => state === "following" && keys === 2);
  await old.flushall();
  expect((await agent.lead(intake, migration)).error?.code).toBe("Conflict");
  await until("the node may lead", async () => (await agent.lead(intake, migration)).error === null);
  expect(await clients.admin(intake).dbsize()).toBe(0);
});

test("keys of chosen types: those that become one come, and those that are one no more go", async () => {
  source = await SourceServer.start("valkey-server");
  const old = source.client();
  await fillWithAllTypes(old);
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const filter = { prefixes: [], types: ["hash" as const], databases: [] };
  const migration = agent.migrateInto(intake, source.remote, { filter, pace: 5_000_000 });
  await agent.when(migration, ({ state, keys }) => state === "following" && keys > 0);
  await old.del("string", "hash");
  await old.set("hash", "no hash any more");
  await old.hset("string", "field", "value");
  expect((await agent.lead(intake, migration)).error).toBeNull();
  const node = clients.admin(intake);
  expect(await node.type("string")).toBe("hash");
  expect(await node.exists("hash", "list", "set")).toBe(0);
});

longTest("a source that may not be told to tell of changes", async () => {
  source = await SourceServer.start("valkey-server", [`${allowed} -config`]);
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const { error } = await agent.over(agent.migrateInto(intake, remoteOf(source.address, login)));
  expect(error).toMatchObject({ code: "SourceRefused", message: expect.stringContaining("notify-keyspace-events") });
});
