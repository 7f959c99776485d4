/** Migrations from releases that this machine does not have, by what they answer. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { EngineClients } from "./fixture/engine-clients.ts";
import { hasNativeEngine } from "./fixture/native-engine.ts";
import { type Dialect, dialects, RecordedSource } from "./fixture/recorded-source.ts";
import { remoteOf } from "./fixture/source-server.ts";
import { TransferAgent } from "./fixture/transfer-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(30_000);

let agent: TransferAgent;
const clients = new EngineClients();

beforeAll(async () => {
  agent = await TransferAgent.make();
  await agent.start();
});

afterAll(async () => {
  clients.close();
  await agent.clear();
});

async function migrateFrom(source: RecordedSource, dialect: Dialect): Promise<void> {
  const address = await source.listen();
  const intake = await agent.intake();
  const migration = agent.migrateInto(intake, remoteOf(address), { method: "replication" });
  await agent.when(migration, ({ state }) => state === "following");
  source.write("SELECT", "0");
  source.write("SET", "streamed", "1");
  source.cut();
  source.write("SET", "after", "the cut");
  source.write("DEL", "copied");
  await until("it goes on", async () => (await agent.lead(intake, migration)).error === null);
  const node = clients.admin(intake);
  expect(await node.mget("copied", "streamed", "after")).toEqual([null, "1", "the cut"]);
  expect(await node.lrange("list", 0, -1)).toEqual(dialect.rdb === 12 ? ["a"] : ["a", "b"]);
  expect(source.asked.filter((asked) => asked.startsWith("PSYNC"))).toHaveLength(2);
  expect((await agent.done(migration)).caveats.filter((caveat) => caveat.includes("anew"))).toEqual([]);
}

/** The others differ from one of these in one answer. */
const always = ["2.8.24", "7.4.1"];
const tried = dialects.filter(({ version }) => always.includes(version) || process.env.LARDER_LONG !== undefined);

test.skipIf(!hasNativeEngine).each(tried.map((dialect) => [dialect.version, dialect] as const))(
  "Redis %s",
  async (_, dialect) => {
    const source = new RecordedSource(dialect);
    try {
      await migrateFrom(source, dialect);
    } finally {
      source.stop();
    }
  },
);
