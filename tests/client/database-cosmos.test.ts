/** Following Cosmos DB: the real package against an emulator whose change feed is ours (fixture/cosmos.ts), and a real cache server. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { ChangeFeedStartFrom, type Container } from "@azure/cosmos";
import { type CosmosSourceOptions, cosmosSource } from "../../packages/client/database/cosmos/index.ts";
import {
  type FollowEvent,
  type Follower,
  followDatabase,
  positionIn,
  type TableMappings,
} from "../../packages/client/database/index.ts";
import { connect, type Server } from "../../packages/client/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { type CosmosServer, startCosmos } from "../fixture/cosmos.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { RecordedInvalidations } from "../fixture/recorded-invalidations.ts";
import { until } from "../fixture/until.ts";

describe.skipIf(!hasValkey)("Cosmos DB (an emulator, with a change feed of the tests)", () => {
  let cosmos: CosmosServer;
  let engine: CacheServer;
  let server: Server;
  let products: Container;
  let cache: RecordedInvalidations;
  let events: FollowEvent[];
  const followers: Follower[] = [];

  beforeAll(async () => {
    [cosmos, engine] = await Promise.all([startCosmos(), startCacheServer()]);
    server = connect(engine.url);
  });
  afterAll(async () => {
    server.close();
    await Promise.all([cosmos.stop(), engine.stop()]);
  });
  beforeEach(async () => {
    await server.main.ask(["FLUSHALL"]);
    products = await cosmos.makeContainer("products");
    cache = new RecordedInvalidations();
    events = [];
  });
  afterEach(async () => {
    cosmos.refuseFeedsWith(undefined);
    await Promise.all(followers.splice(0).map((follower) => follower.stop()));
  });

  const byId: TableMappings = { products: ({ row }) => ({ keys: [["product", row.id]] }) };

  async function follow(options: Partial<CosmosSourceOptions> = {}, map: TableMappings = byId): Promise<Follower> {
    const source = cosmosSource({
      containers: { products },
      startFrom: ChangeFeedStartFrom,
      pollEvery: "10ms",
      ...options,
    });
    const follower = followDatabase({ source, cache, map, position: positionIn({ server, name: "shop" }) });
    follower.listen((event) => events.push(event));
    followers.push(follower);
    await follower.start();
    return follower;
  }

  test("the first start clears everything; what is made and changed after it goes by key, in every partition", async () => {
    await products.items.create({ id: "before", kind: "shoe" });
    await follow();
    await until("it is cleared", () => cache.clears === 1);
    for (const id of ["a", "b", "c", "d"]) await products.items.create({ id, kind: "shoe" });
    await products.item("a", "shoe").replace({ id: "a", kind: "shoe", price: 2 });
    await until("all are invalidated", () => ["a", "b", "c", "d"].every((id) => cache.keys.has(`product:${id}`)));
    expect(cache.keys.has("product:before")).toBe(false);
  });

  test("a restart goes on where it was: what changed meanwhile is invalidated, and nothing is cleared", async () => {
    const first = await follow();
    await until("it is cleared", () => cache.clears === 1);
    await products.items.create({ id: "a", kind: "shoe" });
    await until("it is invalidated", () => cache.keys.has("product:a"));
    await until("the position is kept", async () =>
      String(await server.main.ask(["HGET", "larder:follow:{shop}", "position"])).includes("Continuation"),
    );
    await first.stop();
    await products.items.create({ id: "meanwhile", kind: "shoe" });
    await follow();
    await until("it is invalidated", () => cache.keys.has("product:meanwhile"));
    expect(cache.clears).toBe(1);
  });

  test("a container that was made anew, and a position that is no position, clear everything and say so", async () => {
    const first = await follow();
    await until(
      "the position is kept",
      async () => (await server.main.ask(["HGET", "larder:follow:{shop}", "position"])) !== null,
    );
    await first.stop();
    products = await cosmos.makeContainer("products");
    const second = await follow();
    await until("it is cleared again", () => cache.clears === 2);
    expect(events.filter((event) => event.type === "cleared").at(-1)?.why).toContain("made anew");
    await second.stop();
    await server.main.ask(["HSET", "larder:follow:{shop}", "position", "nonsense"]);
    await follow();
    await until("it is cleared once more", () => cache.clears === 3);
  });

  test("the version before is known by its id, its partition key and what is fixed; what else a mapping reads takes its fallback", async () => {
    await follow(
      { containers: { products: { container: products, fixed: ["brand"] } } },
      {
        products: {
          map: ({ row, side }) => ({
            tags: [`${side}:${row.kind}:${row.brand}`, ...(row.brand === "b" ? [row.colour] : [])],
          }),
          fallback: { tags: ["all products"] },
        },
      },
    );
    await products.items.create({ id: "1", kind: "shoe", brand: "a", colour: "red" });
    await until("both sides are there", () => cache.tags.has("old:shoe:a") && cache.tags.has("new:shoe:a"));
    expect(cache.tags.has("all products")).toBe(false);
    await products.items.create({ id: "2", kind: "shoe", brand: "b", colour: "red" });
    await until("the fallback is taken", () => cache.tags.has("all products"));
    expect(cache.tags.has("red")).toBe(true);
  });

  test("all versions: deletions are told, by the id and the partition key", async () => {
    const kinds: string[] = [];
    await follow(
      { mode: "all versions" },
      {
        products: ({ row, kind }) => {
          kinds.push(kind);
          return { keys: [["product", row.kind, row.id]] };
        },
      },
    );
    await products.items.create({ id: "1", kind: "shoe" });
    await until("it is made", () => kinds.includes("insert"));
    await products.item("1", "shoe").replace({ id: "1", kind: "shoe", price: 2 });
    await until("it is changed", () => kinds.includes("update"));
    cache.keys.clear();
    await products.item("1", "shoe").delete();
    await until("it is deleted", () => kinds.includes("delete") && cache.keys.has("product:shoe:1"));
  });

  test("latest versions: an item that is marked as deleted is one that was deleted", async () => {
    const kinds: string[] = [];
    const container = { container: products, isDeleted: (item: { deleted?: boolean }) => item.deleted === true };
    await follow(
      { containers: { products: container } },
      {
        products: ({ kind }) => {
          kinds.push(kind);
          return null;
        },
      },
    );
    await products.items.create({ id: "1", kind: "shoe", deleted: true, ttl: 60 });
    await until("it is told", () => kinds.includes("delete"));
  });

  test("a feed that fails is tried again, and what changed meanwhile is invalidated", async () => {
    await follow();
    await until("it follows", () => cache.clears === 1);
    cosmos.refuseFeedsWith(403);
    await until("it is noticed", () => events.some((event) => event.type === "trouble" && event.what === "database"));
    await products.items.create({ id: "meanwhile", kind: "shoe" });
    cosmos.refuseFeedsWith(undefined);
    await until("it is invalidated", () => cache.keys.has("product:meanwhile") || cache.clears > 1);
  });

  test.each([
    [403, "latest versions", "PERMISSION_DENIED"],
    [400, "all versions", "LOG_NOT_AVAILABLE"],
  ] as const)("status %i with %s is for a person to mend: %s", async (status, mode, code) => {
    cosmos.refuseFeedsWith(status);
    await expect(follow({ mode })).rejects.toMatchObject({ name: "DatabaseRefused", code });
  });

  test("a map of containers that there are not", async () => {
    await expect(follow({}, { orders: () => null })).rejects.toMatchObject({ code: "TABLE_UNKNOWN" });
    await expect(
      follow({ containers: { products: cosmos.client.database("shop").container("none") } }),
    ).rejects.toMatchObject({ code: "TABLE_UNKNOWN" });
    expect(() => cosmosSource({ containers: {}, startFrom: ChangeFeedStartFrom })).toThrow(
      "containers names no container",
    );
  });
});
