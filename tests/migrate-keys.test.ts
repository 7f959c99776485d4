/** Keys that are read one by one, put into a real engine. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { TransferId } from "@larder/api";
import { systemClock } from "@larder/service";
import { NodeKeys, type NodeKeysContext } from "../packages/agent/transfer/scan/node-keys.ts";
import { RdbEngine, rdbEngineKinds } from "./fixture/rdb-engines.ts";
import { everything } from "./fixture/transfer-agent.ts";

setDefaultTimeout(20_000);

let engine: RdbEngine;
let node: NodeKeys;

beforeEach(async () => {
  const [kind] = rdbEngineKinds;
  engine = await RdbEngine.start(kind!);
  node = await NodeKeys.open(contextOf(engine));
});

afterEach(async () => {
  node.close();
  await engine.stop();
});

function contextOf({ directory, target }: RdbEngine): NodeKeysContext {
  return {
    spec: { filter: everything, transferId: "keys" as TransferId },
    engine: {
      socketPath: join(directory, "s"),
      user: { name: "default", password: "any" },
      engine: { ...target, kind: "native", path: "", memoryBytesMax: null, hasTls: false },
      databases: 16,
    },
    progress: { bytes: 0, addCaveat: () => {} },
    clock: systemClock,
    signal: new AbortController().signal,
  };
}

test("a key whose time is as good as over does not leave its old value there", async () => {
  await engine.run([
    ["SET", "new", "value"],
    ["SET", "whole", "old"],
    ["SET", "hash", "old"],
  ]);
  const payload = (await engine.ask("DUMP", "new")) as Buffer;
  const keys = ["whole", "hash"].map((name) => ({ database: 0, key: Buffer.from(name), payload }));
  await node.put(keys.map((key) => ({ ...key, ttlMs: 0 })));
  expect(await engine.ask("EXISTS", "whole", "hash")).toBe(0);
  await node.put(keys.map((key) => ({ ...key, ttlMs: 60_000 })));
  expect(await engine.ask("EXISTS", "whole", "hash")).toBe(2);
});
