import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CacheId } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";
import { noteEvent } from "../documents/cache-events.ts";
import { cacheFixture } from "../documents/cache-fixture.ts";
import { cacheEventsPrefix } from "../documents/document-keys.ts";
import { boxFixture } from "../store/box-fixture.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { eventsKeptMax, pruneEvents } from "./event-pruner.ts";

const note = { kind: "flush", cause: "asked for", text: "", durationMs: null, holdMs: null } as const;

/** The cache after so many events, which are in the store. */
async function noted(store: Store, cache: CacheDocument, count: number): Promise<CacheDocument> {
  let now = cache;
  const put = [];
  for (let number = 1; number <= count; number++) {
    const next = noteEvent(now, note, number);
    now = next.cache;
    put.push(next.put);
  }
  await store.transact({ put });
  return now;
}

test("the newest events of each cache are kept", async () => {
  const directory = mkdtempSync(join(tmpdir(), "larder-events-"));
  const store = SqliteStore.open(join(directory, "store.db"), boxFixture());
  const full = cacheFixture({ cacheId: "full" as CacheId });
  const other = cacheFixture({ cacheId: "other" as CacheId });
  await noted(store, full, eventsKeptMax + 5);
  const { eventNumber } = await noted(store, other, 2);
  await pruneEvents(store);
  const numbers = async ({ cacheId }: CacheDocument) =>
    (await store.list<{ number: number }>(cacheEventsPrefix(cacheId))).documents.map(({ value }) => value.number);
  expect((await numbers(full)).length).toBe(eventsKeptMax);
  expect((await numbers(full)).at(0)).toBe(6);
  expect(await numbers(other)).toEqual([1, eventNumber]);
  await store.close();
  rmSync(directory, { recursive: true });
});
