/** What every implementation of the store must do, as one suite that each of them runs. */
import { describe, expect, test } from "bun:test";
import type { Store, StoreChange } from "./store.ts";

export interface StoreFixture {
  store: Store;
  /** Closes the store and opens the same one again. */
  reopen(): Promise<Store>;
  remove(): Promise<void>;
}

export function describeStore(name: string, open: () => Promise<StoreFixture>): void {
  const scenario = (title: string, body: (fixture: StoreFixture) => Promise<void>) =>
    test(title, async () => {
      const fixture = await open();
      try {
        await body(fixture);
      } finally {
        await fixture.remove();
      }
    });

  describe(`${name}: documents`, () => {
    scenario("an absent document is undefined and an empty prefix lists nothing", async ({ store }) => {
      expect(await store.get("a")).toBeUndefined();
      expect((await store.list("")).documents).toEqual([]);
    });

    scenario("a document comes back as it was put, with the revision of its last change", async ({ store }) => {
      const first = await put(store, "a", { text: "é", list: [1, null] });
      const second = await put(store, "b", 2);
      expect(await store.get<unknown>("a")).toEqual({
        key: "a",
        value: { text: "é", list: [1, null] },
        revision: first,
      });
      expect(second).toBeGreaterThan(first);
    });

    scenario("a listing holds the prefix only, sorted by key", async ({ store }) => {
      for (const key of ["caches/b", "caches/a", "cachesx", "groups/a"]) await put(store, key, key);
      const listing = await store.list("caches/");
      expect(listing.documents.map((document) => document.key)).toEqual(["caches/a", "caches/b"]);
    });

    scenario("a long listing that is read again and again is as the store is", async ({ store }) => {
      const put100 = Array.from({ length: 100 }, (_, index) => ({ key: `caches/${100 + index}`, value: 0 }));
      await store.transact({ put: put100 });
      const before = await store.list<number>("caches/");
      await store.transact({ put: [{ key: "caches/150", value: 1 }], delete: ["caches/100", "groups/x"] });
      await put(store, "caches/1305", 2);
      await put(store, "cachesx", 2);
      const { documents } = await store.list<number>("caches/");
      const expected = [...put100.slice(1).map(({ key }) => key), "caches/1305"].sort();
      expect(documents.map(({ key }) => key)).toEqual(expected);
      expect(documents.filter(({ value }) => value !== 0).map(({ key, value }) => [key, value])).toEqual([
        ["caches/1305", 2],
        ["caches/150", 1],
      ]);
      await put(store, "caches/150", 3);
      expect((await store.list<number>("caches/")).documents.find(({ key }) => key === "caches/150")?.value).toBe(3);
      expect(before.documents).toHaveLength(100);
    });

    scenario("documents and the sequence of revisions survive a reopening", async ({ store, reopen }) => {
      await put(store, "a", 1);
      const before = await put(store, "b", 2);
      await store.transact({ delete: ["a"] });
      const again = await reopen();
      expect(await again.get("a")).toBeUndefined();
      expect(await again.get<number>("b")).toEqual({ key: "b", value: 2, revision: before });
      expect(await put(again, "c", 3)).toBeGreaterThan(before + 1);
    });
  });

  describe(`${name}: transactions`, () => {
    scenario("a comparison that holds commits every write at one revision", async ({ store }) => {
      const revision = await put(store, "a", 1);
      const outcome = await store.transact({
        require: [
          { key: "a", revision },
          { key: "new", revision: 0 },
        ],
        put: [
          { key: "a", value: 2 },
          { key: "new", value: 3 },
        ],
      });
      expect(outcome.committed).toBe(true);
      expect((await store.get("a"))?.revision).toBe((await store.get("new"))?.revision as number);
    });

    scenario("a comparison that fails writes nothing and names the key", async ({ store }) => {
      const revision = await put(store, "a", 1);
      await put(store, "a", 2);
      const stale = await store.transact({
        require: [{ key: "a", revision }],
        put: [{ key: "b", value: 1 }],
        delete: ["a"],
      });
      expect(stale).toEqual({ committed: false, conflictKey: "a" });
      expect(await store.get("b")).toBeUndefined();
      expect((await store.get<number>("a"))?.value).toBe(2);
      expect((await store.transact({ require: [{ key: "a", revision: 0 }] })).committed).toBe(false);
    });

    scenario("of many that compare the same revision one commits", async ({ store }) => {
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          store.transact({ require: [{ key: "name", revision: 0 }], put: [{ key: "name", value: index }] }),
        ),
      );
      expect(outcomes.filter((outcome) => outcome.committed)).toHaveLength(1);
    });
  });

  describe(`${name}: watches`, () => {
    scenario("a watch from a listing's revision sees what came after, deletions too", async ({ store }) => {
      await put(store, "caches/old", 0);
      const { revision } = await store.list("caches/");
      await put(store, "caches/a", 1);
      await put(store, "groups/x", 1);
      await store.transact({ delete: ["caches/old"] });
      const changes = await collect(store, revision, 2);
      expect(changes.map(({ key, value }) => [key, value])).toEqual([
        ["caches/a", 1],
        ["caches/old", undefined],
      ]);
    });

    scenario("a watch that waits is woken, and reports the newest state of a key changed twice", async ({ store }) => {
      const { revision } = await store.list("caches/");
      const waiting = collect(store, revision, 1);
      await put(store, "caches/a", 1);
      await put(store, "caches/a", 2);
      const changes = await waiting;
      const newest = changes.at(-1)?.value === 2 ? changes : await collect(store, changes.at(-1)?.revision ?? 0, 1);
      expect(newest.at(-1)).toMatchObject({ key: "caches/a", value: 2 });
    });

    scenario("an aborted watch ends", async ({ store }) => {
      const abort = new AbortController();
      const ended = (async () => {
        for await (const _ of store.watch("", 0, abort.signal));
      })();
      abort.abort();
      await ended;
    });
  });
}

async function put(store: Store, key: string, value: unknown): Promise<number> {
  const outcome = await store.transact({ put: [{ key, value }] });
  if (!outcome.committed) throw new Error("an unconditional write was refused");
  return outcome.revision;
}

async function collect(store: Store, fromRevision: number, count: number): Promise<StoreChange[]> {
  const abort = new AbortController();
  const found: StoreChange[] = [];
  for await (const batch of store.watch("caches/", fromRevision, abort.signal)) {
    found.push(...batch);
    if (found.length >= count) abort.abort();
  }
  return found;
}
