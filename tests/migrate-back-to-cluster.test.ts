/** Batches of a way back, written to a real cluster: each command once in its slot, whoever comes to write it again. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { keySlot } from "@larder/resp";
import { systemClock, systemRandomness } from "@larder/service";
import type { Cluster } from "ioredis";
import type { Batch } from "../packages/agent/transfer/reverse/batches.ts";
import { ClusterWriter } from "../packages/agent/transfer/reverse/cluster-writer.ts";
import { hasValkey } from "./fixture/native-engine.ts";
import { SourceCluster } from "./fixture/source-cluster.ts";
import { remoteOf } from "./fixture/source-server.ts";

setDefaultTimeout(30_000);

const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`);
let cluster: SourceCluster;
let client: Cluster;
let leftOut: Record<string, number>;

const run = test.skipIf(!hasValkey);

beforeAll(async () => {
  if (!hasValkey) return;
  cluster = await SourceCluster.start();
  client = cluster.client();
});
afterAll(async () => {
  client?.disconnect();
  await cluster?.stop();
});

/** As another agent would begin. */
function newWriter(migrationId: string): ClusterWriter {
  leftOut = {};
  return new ClusterWriter({
    target: remoteOf(cluster.addresses[0]!),
    migrationId,
    clock: systemClock,
    randomness: systemRandomness,
    signal: new AbortController().signal,
    onTrouble: () => {},
    onLeftOut: (counts) => {
      leftOut = Object.fromEntries(counts);
    },
  });
}

/** Each line ends one behind the one before. */
function batchOf(start: number, lines: string[], database = 0): Batch {
  return {
    commands: lines.map((line) => line.split(" ").map((word) => Buffer.from(word))),
    places: lines.map((_, index) => ({ end: start + index + 1, database: 0 })),
    database: 0,
    databaseAfter: database,
    start,
    end: start + lines.length,
  };
}

const increments = keys.map((key) => `INCR ${key}`);
const counts = async () => new Set(await Promise.all(keys.map((key) => client.get(key))));

run("what is written again from an earlier place, in other batches, is done once", async () => {
  const first = newWriter("again");
  expect(await first.place()).toBeNull();
  await first.apply(batchOf(100, increments, 3), "history");
  expect(await first.place()).toEqual({ history: "history", offset: 200, database: 3 });
  first.close();
  const second = newWriter("again");
  await second.apply(batchOf(150, [...increments.slice(50), ...increments]), "history");
  expect(await counts()).toEqual(new Set(["2"]));
  await second.apply(
    batchOf(300, ["DEL key-0 key-1 key-2", "MSET key-0 2 key-1 2 key-2 2", "RENAME key-0 key-1"]),
    "h",
  );
  expect(leftOut).toEqual({ rename: 1 });
  expect(await client.exists("key-0")).toBe(0);
  second.close();
  const third = newWriter("again");
  expect(await third.place()).toEqual({ history: "h", offset: 303, database: 0 });
  expect(leftOut).toEqual({ rename: 1 });
  await third.apply(batchOf(303, ["SUNIONSTORE key-0 key-1 key-2", "RENAME key-2 key-3"]), "h");
  expect(leftOut).toEqual({ rename: 2, sunionstore: 1 });
  third.close();
});

run("all is emptied once, and what is behind that stays", async () => {
  const writer = newWriter("emptied");
  await writer.apply(batchOf(100, [...increments, "FLUSHALL", ...increments]), "history");
  expect(await counts()).toEqual(new Set(["1"]));
  writer.close();
  const again = newWriter("emptied");
  expect(await again.place()).toMatchObject({ offset: 301 });
  await again.apply(batchOf(200, ["FLUSHALL", ...increments]), "history");
  expect(await counts()).toEqual(new Set(["1"]));
  again.close();
});

run("a slot that moves meanwhile is followed", async () => {
  const writer = newWriter("moved");
  await client.set("moving", "1");
  await writer.apply(batchOf(100, ["INCR moving"]), "history");
  const slot = String(keySlot(Buffer.from("moving")));
  const servers = cluster.servers.map((server) => server.client());
  const owners = await Promise.all(
    servers.map(async (server) => Number(await server.call("CLUSTER", "COUNTKEYSINSLOT", slot))),
  );
  const from = owners.findIndex((count) => count > 0);
  const to = (from + 1) % servers.length;
  const ids = await Promise.all(servers.map(async (server) => String(await server.call("CLUSTER", "MYID"))));
  await servers[to]!.call("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from]!);
  await servers[from]!.call("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[to]!);
  const written = writer.apply(batchOf(101, ["INCR moving", "INCR {moving}new"]), "history");
  const { host, port } = cluster.servers[to]!.address;
  const inSlot = (await servers[from]!.call("CLUSTER", "GETKEYSINSLOT", slot, "100")) as string[];
  await servers[from]!.call("MIGRATE", host, String(port), "", "0", "5000", "KEYS", ...inSlot);
  for (const server of [servers[to]!, ...servers]) await server.call("CLUSTER", "SETSLOT", slot, "NODE", ids[to]!);
  await written;
  expect(await servers[to]!.get("moving")).toBe("3");
  expect(await servers[to]!.get("{moving}new")).toBe("1");
  writer.close();
});
