/**
 * Primaries are killed at random moments under pipelined writes, half of them while the replica is frozen, and the replica
 * takes over: it has every write that was acknowledged. Without durable writes the second kind loses some.
 */
import { afterEach, describe, expect, test } from "bun:test";
import type { NodeId, RouteNode } from "@larder/api";
import { CommandClient } from "../fixture/command-client.ts";
import { type EnginePair, startEnginePair } from "../fixture/engine-pair.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { until } from "../fixture/until.ts";

const rounds = 20;
const clientCount = 12;

let pair: EnginePair | null = null;
let served: TestGateway | null = null;

interface Counter {
  key: string;
  /** The highest count that it was told. */
  acknowledged: number;
  /** Counts that came a second time: the first was lost. */
  lost: number[];
  errors: string[];
  isOver: boolean;
}

/** Counts in pipelines until it is over. */
async function count(port: number, counter: Counter, depth: number): Promise<void> {
  const client = await CommandClient.connect({ port });
  await client.ask("AUTH", accessKey);
  const commands = Array.from({ length: depth }, (_, index) =>
    index % 5 === 4 ? ["EVAL", "return redis.call('INCR', KEYS[1])", "1", counter.key] : ["INCR", counter.key],
  );
  while (!counter.isOver) {
    for (const reply of await client.pipeline(commands)) {
      if (typeof reply !== "number") counter.errors.push(String(reply));
      else if (reply <= counter.acknowledged) counter.lost.push(reply);
      else counter.acknowledged = reply;
    }
  }
  client.close();
}

/** A frozen replica is asked to lead before it wakes: what waits in its socket is lost to it, as with its host's network. */
async function killAndPromote(pair: EnginePair, random: (below: number) => number, isFrozen: boolean): Promise<void> {
  const { replica, primary } = pair;
  const client = await CommandClient.connect({ unix: replica.socketPath });
  await client.ask("AUTH", replica.user, replica.password);
  await Bun.sleep(random(100));
  if (isFrozen) {
    process.kill(replica.pid, "SIGSTOP");
    await Bun.sleep(20 + random(50));
  }
  await primary.kill();
  const promoted = client.ask("REPLICAOF", "NO", "ONE");
  process.kill(replica.pid, "SIGCONT");
  expect(await promoted).toBe("OK");
  client.close();
}

describe.skipIf(!hasValkey)(`a primary that is killed (LARDER_SEED=${testSeed})`, () => {
  afterEach(async () => {
    await served?.stop();
    await pair?.stop();
  });

  test.each(Array.from({ length: rounds }, (_, round) => round))(
    "loses no acknowledged write, round %d",
    async (round) => {
      const random = randomFrom(testSeed + round);
      pair = await startEnginePair();
      served = await startGateway({ durableWrites: { replicas: 1, timeoutMs: 2_000 } }, pair.primary);
      const { plainPort, gateway, route } = served;
      const counters = Array.from({ length: clientCount }, (_, index): Counter => {
        return { key: `n${index}`, acknowledged: 0, lost: [], errors: [], isOver: false };
      });
      const counting = counters.map((counter) => count(plainPort, counter, 1 + random(30)));
      await until("all count", () => counters.every(({ acknowledged }) => acknowledged > 0));
      await killAndPromote(pair, random, round % 2 === 1);
      const node = { ...(route.node as RouteNode), nodeId: "node-2" as NodeId, socketPath: pair.replica.socketPath };
      // Nobody is left to confirm what is written now.
      gateway.apply({ revision: 2, tokenIssuers: [], routes: [{ ...route, epoch: 2, node, durableWrites: null }] });
      const before = counters.map(({ acknowledged }) => acknowledged);
      await until("all count on", () =>
        counters.every(({ acknowledged, lost }, index) => acknowledged > (before[index] as number) || lost.length > 0),
      );
      for (const counter of counters) counter.isOver = true;
      await Promise.all(counting);
      expect(counters.filter(({ lost }) => lost.length > 0)).toEqual([]);
      const errors = new Set(counters.flatMap((counter) => counter.errors.map((text) => text.split(" ")[1])));
      expect([...errors].filter((code) => code !== "OUTCOMEUNKNOWN")).toEqual([]);
    },
    30_000,
  );
});
