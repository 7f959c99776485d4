import { expect, test } from "bun:test";
import { ListingMemory } from "./listing-memory.ts";
import type { StoredDocument } from "./store.ts";

test("a listing that nobody asks for again does not grow with what is written", () => {
  const keys = Array.from({ length: 100 }, (_, index) => `calls/${index}`);
  const documents = keys.map((key): StoredDocument => ({ key, value: 0, revision: 1 }));
  let reads = 0;
  const memory = new ListingMemory((key) => {
    reads++;
    return { key, value: 1, revision: 2 };
  });
  memory.keep("calls/", documents);
  memory.written(["calls/7", "calls/7", "caches/shop"]);
  expect(memory.get("calls/")?.filter(({ value }) => value === 1)).toHaveLength(1);
  expect(reads).toBe(1);
  for (let count = 0; count < 1_000; count++) memory.written([`calls/new-${count}`]);
  expect(memory.get("calls/")).toBeUndefined();
  expect(reads).toBe(1);
});
