/** Migrations by replication as an agent carries them out, from real servers into a real intake node. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { fillWithAllTypes } from "./fixture/all-types.ts";
import { startCuttingProxy } from "./fixture/cutting-proxy.ts";
import { EngineClients, nativeEngines } from "./fixture/engine-clients.ts";
import { longTest } from "./fixture/long-test.ts";
import { SourceCluster } from "./fixture/source-cluster.ts";
import { remoteOf, SourceServer } from "./fixture/source-server.ts";
import { TransferAgent } from "./fixture/transfer-agent.ts";
import { until } from "./fixture/until.ts";
import { WriteLoad } from "./fixture/write-load.ts";

setDefaultTimeout(60_000);

let agent: TransferAgent;
const clients = new EngineClients();
const sources: SourceServer[] = [];

beforeEach(async () => {
  agent = await TransferAgent.make();
});

afterEach(async () => {
  clients.close();
  await Promise.all(sources.splice(0).map((source) => source.stop()));
  await agent.clear();
});

async function sourceOf(program?: string, lines?: string[]): Promise<SourceServer> {
  const source = await SourceServer.start(program, lines);
  sources.push(source);
  return source;
}

for (const { title, program, has } of nativeEngines) {
  const run = program === "valkey-server" ? test : longTest;
  run.skipIf(!has)(`${title}: what there is, then what changes, and then the node leads`, async () => {
    const source = await sourceOf(program);
    const old = source.client();
    await fillWithAllTypes(old);
    await agent.start("valkey-server");
    const intake = await agent.intake();
    const migration = agent.migrateInto(intake, source.remote);
    const following = await agent.when(migration, ({ state, lagBytes }) => state === "following" && lagBytes === 0);
    expect(following).toMatchObject({ keys: 14, error: null });
    await old.set("later", "value");
    await old.multi().incr("counter").incr("counter").exec();
    await old.select(3);
    await old.set("third", "3");
    const answer = await agent.lead(intake, migration);
    expect(answer.error).toBeNull();
    const node = clients.admin(intake);
    expect(await node.mget("later", "counter")).toEqual(["value", "2"]);
    await node.select(3);
    expect(await node.get("third")).toBe("3");
    const done = await agent.done(migration);
    expect(done.place?.offset).toBeGreaterThan(0);
    await until("it leads", () => agent.observed(intake)?.replication?.role === "primary");
  });
}

test("chosen prefixes and databases, as a copy and as they change", async () => {
  const source = await sourceOf();
  const old = source.client();
  await fillWithAllTypes(old, "a:");
  await fillWithAllTypes(old, "b:");
  await old.select(2);
  await old.set("a:second", "2");
  await old.select(0);
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const filter = { prefixes: ["a:"], types: [], databases: [0] };
  const migration = agent.migrateInto(intake, source.remote, { filter });
  await agent.when(migration, ({ state }) => state === "following");
  await old.mset({ "a:new": "1", "b:new": "2" });
  await old.rename("a:new", "b:gone");
  await old.del("a:set", "b:set");
  await old.select(2);
  await old.set("a:elsewhere", "1");
  await old.select(0);
  await old.set("a:last", "last");
  expect((await agent.lead(intake, migration)).error).toBeNull();
  const node = clients.admin(intake);
  expect((await node.keys("*")).filter((key) => !key.startsWith("a:"))).toEqual([]);
  expect(await node.dbsize()).toBe(14);
  expect(await node.mget("a:new", "a:last", "a:string")).toEqual([null, "last", expect.any(String)]);
});

longTest("a cluster's primaries in one cache, and back", async () => {
  const cluster = await SourceCluster.start();
  sources.push(...cluster.servers);
  const old = cluster.client();
  for (let index = 0; index < 300; index++) await old.set(`key:${index}`, index);
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const [first] = cluster.addresses;
  const migration = agent.migrateInto(intake, remoteOf(first!));
  await agent.when(migration, ({ state }) => state === "following");
  for (let index = 0; index < 300; index++) await old.multi().incr(`key:${index}`).incr(`key:${index}`).exec();
  expect((await agent.lead(intake, migration)).error).toBeNull();
  const node = clients.admin(intake);
  const keys = Array.from({ length: 300 }, (_, index) => `key:${index}`);
  expect(await node.mget(keys)).toEqual(keys.map((_, index) => String(index + 2)));
  await node.set("key:7", "another");
  const { differences } = await agent.done(agent.compare(intake, remoteOf(first!)));
  expect(differences).toMatchObject({ count: 1, examples: [{ key: "key:7", difference: "value" }] });
  const { place } = await agent.done(migration);
  const reverse = agent.reverse(intake, remoteOf(first!), place!);
  await node.mset(Object.fromEntries(keys.map((key) => [key, "back"])));
  for (const key of keys) await node.multi().append(key, "!").expire(key, 1_000).exec();
  await node.rename("key:1", "key:2");
  await node.set("last", "last");
  await until("the cluster has it", async () => (await old.get("last")) === "last");
  await agent.when(reverse, ({ caveats }) => caveats.some((caveat) => caveat.includes("RENAME 1")));
  expect(await old.ttl("key:9")).toBeGreaterThan(900);
  const after = await agent.done(agent.compare(intake, remoteOf(first!)));
  // What RENAME took away is gone, and what it brought has the same value there by chance.
  expect(after.differences).toEqual({ count: 0, examples: [] });
  old.disconnect();
});

longTest("a connection that is cut again and again, under writes: nothing is lost, and nothing twice", async () => {
  const source = await sourceOf();
  const proxy = await startCuttingProxy(() => source.address);
  const writers = Array.from({ length: 4 }, () => source.client());
  const load = new WriteLoad(writers);
  await load.progress(100);
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const migration = agent.migrateInto(intake, remoteOf(proxy.address), { pausesSource: true });
  await agent.when(migration, ({ state }) => state === "following");
  for (let cuts = 0; cuts < 5; cuts++) {
    proxy.cut();
    await load.progress(200);
  }
  await until(
    "the proxy lets the source's stream through",
    async () => (await agent.lead(intake, migration)).error === null,
  );
  // It holds its clients' writes still.
  const keys = ["counter:0", "counter:1", "counter:2", "counter:3"];
  const [there, here] = await Promise.all([source.client().mget(keys), clients.admin(intake).mget(keys)]);
  expect(here).toEqual(there);
  await source.client().client("UNPAUSE");
  await load.end();
  proxy.stop();
});

longTest("a source that sends rubbish is copied anew", async () => {
  const source = await sourceOf();
  const proxy = await startCuttingProxy(() => source.address);
  const old = source.client();
  await old.set("key", "value");
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const migration = agent.migrateInto(intake, remoteOf(proxy.address));
  await agent.when(migration, ({ state }) => state === "following");
  proxy.spoil(Buffer.from("\x00\x01 no command at all \r\n".repeat(100)));
  await old.set("key", "other");
  await agent.when(migration, ({ caveats }) => caveats.some((caveat) => caveat.includes("copied anew")));
  await agent.when(migration, ({ state }) => state === "following");
  expect((await agent.lead(intake, migration)).error).toBeNull();
  expect(await clients.admin(intake).get("key")).toBe("other");
  proxy.stop();
});

test("a wrong password is refused at once, and not repeated", async () => {
  const source = await sourceOf("valkey-server", ["requirepass right"]);
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const migration = agent.migrateInto(intake, remoteOf(source.address, { password: "wrong-secret" }));
  const { error } = await agent.over(migration);
  expect(error?.code).toBe("SourceRefused");
  expect(JSON.stringify(error)).not.toContain("wrong-secret");
});

test("a source that is away when the node is to lead holds that up: what it has not sent would be lost", async () => {
  const source = await sourceOf();
  const proxy = await startCuttingProxy(() => source.address);
  await source.client().set("key", "1");
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const migration = agent.migrateInto(intake, remoteOf(proxy.address));
  await agent.when(migration, ({ state }) => state === "following");
  proxy.stop();
  await source.client().set("key", "2");
  await agent.when(migration, ({ phase }) => phase.includes("trying to reach the source again"));
  const answer = await agent.lead(intake, migration);
  expect(answer.error).toMatchObject({ code: "Conflict" });
});

test("what is not led after all goes on following", async () => {
  const source = await sourceOf();
  const old = source.client();
  await old.select(3);
  await old.set("key", "1");
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const migration = agent.migrateInto(intake, source.remote);
  await agent.when(migration, ({ state }) => state === "following");
  await old.set("key", "1");
  const answer = await agent.lead(intake, migration, { isCalledOff: true });
  expect(answer.error).toBeNull();
  await old.set("key", "2");
  // Until the node has heard that it does not lead, it refuses.
  await until("it leads", async () => (await agent.lead(intake, migration)).error === null);
  const node = clients.admin(intake);
  expect(await node.dbsize()).toBe(0);
  await node.select(3);
  expect(await node.get("key")).toBe("2");
  expect((await agent.done(migration)).caveats).toEqual([]);
});
