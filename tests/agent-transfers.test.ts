/** Imports and exports as an agent carries them out, with real engines and files. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { EngineClients, nativeEngines } from "./fixture/engine-clients.ts";
import { TransferAgent } from "./fixture/transfer-agent.ts";

setDefaultTimeout(60_000);

let agent: TransferAgent;
const clients = new EngineClients();

beforeEach(async () => {
  agent = await TransferAgent.make();
});

afterEach(async () => {
  clients.close();
  await agent.clear();
});

for (const { title, program, has } of nativeEngines) {
  const run = test.skipIf(!has);

  run(`${title}: what was exported fills another node`, async () => {
    await agent.start(program);
    const source = await agent.node();
    await clients.admin(source).set("key", "value");
    const exported = await agent.done(agent.exportOf(source, "shop.rdb"));
    expect(exported.files).toMatchObject([{ name: "shop.rdb" }]);
    const intake = await agent.intake();
    const imported = await agent.done(agent.importInto(intake, ["shop.rdb"]));
    expect(imported).toMatchObject({ error: null, usedEngineLoader: true });
    expect(await clients.admin(intake).get("key")).toBe("value");
    expect(agent.observed(intake)?.replication).toMatchObject({ role: "detached", copiedEpoch: 0 });
  });
}
