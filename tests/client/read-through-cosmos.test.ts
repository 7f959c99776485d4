/** Reading Cosmos DB through the cache: the real package against an emulator, and a cache of this process alone. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Container } from "@azure/cosmos";
import { createCache } from "../../packages/client/cache/index.ts";
import { type CosmosReadThrough, itemKey, readThrough } from "../../packages/client/database/cosmos/index.ts";
import { type CosmosServer, startCosmos } from "../fixture/cosmos.ts";

interface Items {
  products: { id: string; kind: string; price: number };
}

let cosmos: CosmosServer;
let products: Container;
let db: CosmosReadThrough<Items>;

beforeAll(async () => {
  cosmos = await startCosmos();
});
afterAll(() => cosmos.stop());
beforeEach(async () => {
  products = await cosmos.makeContainer("products");
  db = readThrough<Items>(createCache({ namespace: "shop:v1" }), { products });
  for (const [id, price] of [
    ["1", 10],
    ["2", 20],
  ] as const)
    await products.items.create({ id, kind: "shoe", price });
});

test("items of an emulator by id and partition key, kept until they are invalidated; null where there is none", async () => {
  expect(await db.item("products", "1", "shoe")).toMatchObject({ price: 10 });
  expect(await db.item("products", "1", "hat")).toBeNull();
  await products.item("1", "shoe").replace({ id: "1", kind: "shoe", price: 11 });
  expect(await db.item("products", "1", "shoe")).toMatchObject({ price: 10 });
});

test("many items of an emulator, in the order that was asked for", async () => {
  const addresses = ["2", "none", "1"].map((id) => ({ id, partitionKey: "shoe" }));
  expect((await db.items("products", addresses)).map((item) => item?.price ?? null)).toEqual([20, null, 10]);
});

test("queries of an emulator, by their text and parameters", async () => {
  const query = { query: "SELECT c.id FROM c WHERE c.price > @least", parameters: [{ name: "@least", value: 15 }] };
  expect(await db.query<{ id: string }>("products", query)).toEqual([{ id: "2" }]);
  await products.items.create({ id: "3", kind: "shoe", price: 30 });
  expect(await db.query("products", query)).toHaveLength(1);
});

test("a write invalidates, also when it fails in the midst", async () => {
  const change = (price: number, then: () => void) =>
    db.write(
      async () => {
        await products.item("1", "shoe").replace({ id: "1", kind: "shoe", price });
        then();
      },
      { invalidates: { keys: [itemKey("products", { id: "1", partitionKey: "shoe" })] } },
    );
  await db.item("products", "1", "shoe");
  await change(11, () => {});
  expect(await db.item("products", "1", "shoe")).toMatchObject({ price: 11 });
  const fail = () => {
    throw new Error("after it");
  };
  await expect(change(12, fail)).rejects.toThrow("after it");
  expect(await db.item("products", "1", "shoe")).toMatchObject({ price: 12 });
});

test("keys of items: parts that are no text differ from the same in a text", () => {
  const keys = (["1", 1, true, null, ["a", 1], "=1"] as const).map((partitionKey) =>
    itemKey("products", { id: "x", partitionKey: partitionKey as never }),
  );
  expect(keys).toEqual([
    ["products", "1", "x"],
    ["products", "=1", "x"],
    ["products", "=true", "x"],
    ["products", "=null", "x"],
    ["products", "a", "=1", "x"],
    ["products", "==1", "x"],
  ]);
});
