/** Migrations by replication as an agent carries them out, from real servers into a real intake node. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { fillWithAllTypes } from "./fixture/all-types.ts";
import { EngineClients, nativeEngines } from "./fixture/engine-clients.ts";
import { SourceServer } from "./fixture/source-server.ts";
import { TransferAgent } from "./fixture/transfer-agent.ts";
import { until } from "./fixture/until.ts";

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
  test.skipIf(!has)(`${title}: what there is, then what changes, and then the node leads`, async () => {
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
