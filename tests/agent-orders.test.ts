/** Orders to the agent, with real engines. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { AgentOrder, NodeObserved, NodeSpec } from "@larder/api";
import { Redis } from "ioredis";
import { hasNativeEngine } from "./fixture/native-engine.ts";
import { nodeSpec, TestAgent } from "./fixture/test-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

let agent: TestAgent;
const clients: Redis[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await agent.clear();
});

async function runNode(engine: NodeSpec["engine"]): Promise<{ node: NodeObserved; client: Redis }> {
  agent = new TestAgent();
  agent.controller.start();
  expect(await agent.start(["--engine", engine])).toBe("ready");
  const spec = nodeSpec({ engine });
  agent.controller.want(spec);
  const node = await agent.controller.running(spec);
  return { node, client: clientOf(node) };
}

function clientOf({ socketPath }: NodeObserved): Redis {
  const client = new Redis({ path: socketPath, username: "larder-admin", password: "admin-password" });
  clients.push(client);
  return client;
}

function target({ nodeId, runId }: NodeObserved): Pick<AgentOrder, "orderId" | "nodeId" | "runId"> {
  return { orderId: "order", nodeId, runId: runId! };
}

for (const engine of ["native", "embedded"] as const) {
  test.skipIf(engine === "native" && !hasNativeEngine)(
    `${engine}: a flush removes all keys of all databases`,
    async () => {
      const { node, client } = await runNode(engine);
      await client.set("key", "value");
      await client.select(1);
      await client.set("key", "value");
      const answer = await agent.controller.order({ ...target(node), kind: "flush" });
      expect(answer).toEqual({ orderId: "order", error: null, offset: null });
      expect(await client.info("keyspace")).not.toContain("db");
    },
  );
}

test("a message is published to who listens", async () => {
  const { node, client } = await runNode("auto");
  const heard: string[] = [];
  client.on("message", (_, message: string) => heard.push(message));
  await client.subscribe("channel");
  await agent.controller.order({ ...target(node), kind: "publish", channel: "channel", message: "hello" });
  await until("the message is heard", () => heard.length > 0);
  expect(heard).toEqual(["hello"]);
});

test("an order for another life, or for a node that is not there, is refused", async () => {
  const { node, client } = await runNode("auto");
  await client.set("key", "value");
  const otherLife = await agent.controller.order({ ...target(node), runId: "another", kind: "flush" });
  expect(otherLife.error).toEqual({ code: "Conflict", message: "The order is for another life of the node's engine." });
  const noNode = await agent.controller.order({ ...target(node), nodeId: "none" as typeof node.nodeId, kind: "flush" });
  expect(noNode.error?.code).toBe("ResourceNotFound");
  expect(await client.get("key")).toBe("value");
});
