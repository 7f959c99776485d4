/** Batches of a way back, written to a real server through a network that delivers late. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock, systemRandomness } from "@larder/service";
import type { Batch } from "../packages/agent/transfer/reverse/batches.ts";
import { TargetWriter } from "../packages/agent/transfer/reverse/target-writer.ts";
import { remoteOf, SourceServer } from "./fixture/source-server.ts";
import { startWithholdingProxy, type WithholdingProxy } from "./fixture/withholding-proxy.ts";

setDefaultTimeout(20_000);

let server: SourceServer;
let proxy: WithholdingProxy;
let writer: TargetWriter;

beforeEach(async () => {
  server = await SourceServer.start();
  proxy = await startWithholdingProxy(server.address);
  writer = new TargetWriter({
    target: remoteOf(proxy.address),
    migrationId: "m",
    clock: systemClock,
    randomness: systemRandomness,
    signal: new AbortController().signal,
    onTrouble: () => {},
  });
});

afterEach(async () => {
  writer.close();
  proxy.stop();
  await server.stop();
});

const batch = (end: number): Batch => ({
  commands: [["INCR", "counter"].map((word) => Buffer.from(word))],
  database: 0,
  places: [{ end, database: 0 }],
  databaseAfter: 3,
  start: end - 100,
  end,
});

test("a batch that arrives after it was sent again changes nothing", async () => {
  const client = server.client();
  expect(await writer.place()).toBeNull();
  await writer.apply(batch(100), "history");
  proxy.withhold();
  await writer.apply(batch(200), "history");
  expect(await client.get("counter")).toBe("2");
  await proxy.deliver();
  expect(await client.get("counter")).toBe("2");
  await writer.apply(batch(300), "history");
  expect(await client.get("counter")).toBe("3");
  expect(await writer.place()).toEqual({ history: "history", offset: 300, database: 3 });
});

test("a batch that was there already is not written again", async () => {
  await writer.apply(batch(100), "history");
  await writer.apply(batch(100), "history");
  expect(await server.client().get("counter")).toBe("1");
});

test("a key of ours that somebody else writes ends it", async () => {
  await writer.apply(batch(100), "history");
  await server.client().set("larder:reverse:m", "other 5000 0");
  expect(writer.apply(batch(200), "history")).rejects.toThrow(/larder:reverse:m/);
});
