/** Servers that end, are no servers, or send rubbish while they are migrated: the cache has its data, and can be used. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createServer } from "node:net";
import type { Address } from "@larder/api";
import { startCuttingProxy } from "../fixture/cutting-proxy.ts";
import { freePorts } from "../fixture/free-ports.ts";
import { longTest } from "../fixture/long-test.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { SourceServer } from "../fixture/source-server.ts";
import { writeMany } from "../fixture/transferred-data.ts";
import { until } from "../fixture/until.ts";
import { OldCache } from "./old-cache.ts";

setDefaultTimeout(120_000);

let service: TestService;
let cache: OldCache;
let source: SourceServer | undefined;

const from = (address: Address) => ({ source: { addresses: [address] }, cutOver: "manual" });

describe.skipIf(!hasValkey)("a source", () => {
  beforeAll(async () => {
    service = await startService({ engine: "native" });
    cache = await OldCache.make(service, "old");
  }, 60_000);
  afterEach(async () => {
    await source?.stop();
    source = undefined;
  });
  afterAll(async () => {
    cache?.close();
    await service?.stop();
  }, 30_000);

  longTest(
    "that ends in the middle of the copy: the cache has its data, and the migration can be called off",
    async () => {
      // So slow that the copy takes a quarter of an hour.
      source = await SourceServer.start("valkey-server", ["rdb-key-save-delay 10000"]);
      await writeMany(source.client(), 100_000);
      const id = await service.client.beginTransfer(cache.at, "migrate", from(source.address));
      await until("it is copied", async () => ((await cache.transfer(id)).progress?.bytes ?? 0) > 0, 60_000);
      await source.kill();
      await until("it is said", async () => (await cache.transfer(id)).progress?.state !== "following");
      await service.client.askTransfer(cache.at, id, "cancel");
      await until("it is over", async () => (await cache.transfer(id)).status === "cancelled");
      await cache.requireOld();
    },
  );

  test("that becomes a replica of an empty server: what was copied is not what the cache has until it is asked for", async () => {
    source = await SourceServer.start();
    const empty = await SourceServer.start();
    try {
      await source.client().set("age", "of the source");
      const id = await service.client.beginTransfer(cache.at, "migrate", from(source.address));
      await until("it follows", async () => (await cache.transfer(id)).progress?.state === "following", 30_000);
      await source.client().replicaof("127.0.0.1", empty.address.port);
      await cache.requireServed();
      await service.client.askTransfer(cache.at, id, "cancel");
      await until("it is over", async () => (await cache.transfer(id)).status === "cancelled");
      await cache.requireOld();
    } finally {
      await empty.stop();
    }
  });

  test("that is none of Redis: the migration fails, and says what came from where", async () => {
    const [port = 0] = await freePorts(1);
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    try {
      const error = await cache.failure("migrate", from({ host: "127.0.0.1", port }));
      expect(error).toEqual({
        code: expect.stringMatching(/^Source/),
        message: expect.stringContaining(`127.0.0.1:${port}`),
      });
      await cache.requireOld();
    } finally {
      server.close();
    }
  });

  longTest("that sends rubbish again and again: the migration fails, and says so", async () => {
    const origin = await SourceServer.start();
    source = origin;
    await writeMany(origin.client(), 1_000);
    const proxy = await startCuttingProxy(() => origin.address);
    try {
      const id = await service.client.beginTransfer(cache.at, "migrate", from(proxy.address));
      const rubbish = Buffer.from("\x00\x01 no command at all \r\n".repeat(100));
      await until(
        "it is over",
        async () => {
          proxy.spoil(rubbish);
          return (await cache.transfer(id)).endedAt !== null;
        },
        110_000,
      );
      const { status, error } = await cache.transfer(id);
      expect({ status, code: error?.code }).toEqual({ status: "failed", code: expect.stringMatching(/^Source/) });
      await cache.requireOld();
    } finally {
      proxy.stop();
    }
  });
});
