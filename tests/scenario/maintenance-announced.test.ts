/** Whoever subscribes to AzureRedisEvents hears of an update, on a connection that outlives it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { CacheAccess } from "../fixture/cache-access.ts";
import { hasRedis, hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

let service: TestService;

beforeAll(async () => {
  service = await startService({ gatewayWorkers: 2 });
}, 60_000);
afterAll(() => service?.stop(), 30_000);

test.if(hasRedis && hasValkey)(
  "an update is announced when it begins, when a replica has taken over, and when it is over",
  async () => {
    const sku = { name: "Standard", family: "C", capacity: 0 } as const;
    const resource = await service.createCache("shop", { sku, redisVersion: "7.0" });
    const cache = await CacheAccess.of(service, resource);
    const subscribers = [await cache.ioredis(), await cache.ioredis()];
    const heard: string[][] = [[], []];
    let closes = 0;
    for (const [index, subscriber] of subscribers.entries()) {
      subscriber.on("message", (channel: string, message: string) => heard[index]?.push(`${channel} ${message}`));
      subscriber.on("close", () => closes++);
      await subscriber.subscribe("AzureRedisEvents");
    }
    const at = { resourceGroup: service.connection.resourceGroup, name: "shop" };
    await service.client.updateCache(at, { properties: { redisVersion: "latest" } });

    const isOver = (messages: string[]) =>
      messages.some((message) => message.includes("FailoverComplete")) && messages.at(-1)?.includes("Ended");
    await until("all is announced", () => heard.every(isOver), 40_000);
    const ports = `SSLPort|${cache.own.port}|NonSSLPort|0`;
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`;
    const begins = [`NodeMaintenanceStarting\\|StartTimeInUTC\\|${time}`, "NodeMaintenanceStart"];
    const ends = `NodeMaintenanceEnded\\|StartTimeInUTC\\|${time}`;
    // On a busy machine one that takes too long is called off, and begun anew.
    const timesBegun = heard[0]?.filter((message) => message.includes("NodeMaintenanceStarting")).length ?? 0;
    const calledOff = Array.from({ length: timesBegun - 1 }, () => [...begins, ends]).flat();
    const expected = [...calledOff, ...begins, "NodeMaintenanceFailoverComplete", ends].map(
      (type) =>
        new RegExp(`^AzureRedisEvents NotificationType\\|${type}\\|IsReplica\\|False\\|IPAddress\\|127.0.0.1\\|`),
    );
    for (const messages of heard) {
      expect(messages).toHaveLength(expected.length);
      for (const [index, message] of messages.entries()) {
        expect(message).toMatch(expected[index]!);
        expect(message).toEndWith(ports);
      }
    }
    expect(closes).toBe(0);
    cache.close();
  },
  60_000,
);
