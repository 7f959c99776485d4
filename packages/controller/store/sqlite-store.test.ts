import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LarderError } from "@larder/api";
import { boxFixture } from "./box-fixture.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { describeStore } from "./store-contract.ts";

describeStore("SQLite", async () => {
  const directory = mkdtempSync(join(tmpdir(), "larder-store-"));
  const path = join(directory, "store.db");
  let store = SqliteStore.open(path, boxFixture());
  return {
    store,
    async reopen() {
      await store.close();
      store = SqliteStore.open(path, boxFixture());
      return store;
    },
    async remove() {
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
});

async function inDirectory(body: (path: string) => void | Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "larder-store-"));
  try {
    await body(join(directory, "store.db"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function openingProblem(path: string): LarderError {
  try {
    SqliteStore.open(path, boxFixture());
  } catch (error) {
    if (error instanceof LarderError) return error;
  }
  throw new Error("opened");
}

test("the file is its owner's alone", () =>
  inDirectory((path) => {
    const store = SqliteStore.open(path, boxFixture());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    void store.close();
  }));

test("a file that is no store is StoreUnusable, named, and left as it was", () =>
  inDirectory((path) => {
    writeFileSync(path, "not a database, but longer than a header of one. ".repeat(40));
    const before = statSync(path).size;
    const problem = openingProblem(path);
    expect(problem.code).toBe("StoreUnusable");
    expect(problem.message).toContain(path);
    expect(statSync(path).size).toBe(before);
  }));

test("a place that cannot be opened is StoreUnusable", () =>
  inDirectory((path) => {
    expect(openingProblem(join(path, "deeper", "store.db")).code).toBe("StoreUnusable");
  }));

test("documents are sealed, and open with their key alone", () =>
  inDirectory(async (path) => {
    const store = SqliteStore.open(path, boxFixture());
    await store.transact({ put: [{ key: "caches/shop", value: { key: "an-access-key" } }] });
    await store.close();
    expect(readFileSync(path).includes("an-access-key")).toBe(false);
    expect(() => SqliteStore.open(path, boxFixture(2))).toThrow("key that is not at hand");
    const again = SqliteStore.open(path, boxFixture(2, 1));
    expect((await again.get("caches/shop"))?.value).toEqual({ key: "an-access-key" });
    await again.close();
  }));

test("sealed anew, all open with the new key alone, and nothing else changed", () =>
  inDirectory(async (path) => {
    const store = SqliteStore.open(path, boxFixture());
    const put = Array.from({ length: 450 }, (_, index) => ({ key: `documents/${index}`, value: { index } }));
    await store.transact({ put });
    expect(await store.reseal(boxFixture(2, 1))).toBe(450);
    await store.transact({ put: [{ key: "documents/0", value: { index: "new" } }] });
    expect(await store.reseal(boxFixture(2, 1))).toBe(0);
    const before = await store.list("documents/");
    await store.close();
    const again = SqliteStore.open(path, boxFixture(2));
    expect(await again.list("documents/")).toEqual(before);
    await again.close();
  }));

test("without the key of what is there nothing is sealed anew, and the store goes on with the one that it has", () =>
  inDirectory(async (path) => {
    const store = SqliteStore.open(path, boxFixture());
    await store.transact({ put: [{ key: "a", value: 1 }] });
    await expect(store.reseal(boxFixture(2))).rejects.toMatchObject({ code: "StoreUnusable" });
    await store.transact({ put: [{ key: "b", value: 2 }] });
    expect((await store.list("")).documents.map(({ value }) => value)).toEqual([1, 2]);
    await store.close();
    await SqliteStore.open(path, boxFixture()).close();
  }));

test("a store whose documents were not sealed yet is read, and sealed when it is asked for", () =>
  inDirectory(async (path) => {
    await SqliteStore.open(path, boxFixture()).close();
    const database = new Database(path);
    database.run(`INSERT INTO documents VALUES ('caches/old', '{"key":"an-access-key"}', 0)`);
    database.close();
    const store = SqliteStore.open(path, boxFixture());
    expect((await store.get("caches/old"))?.value).toEqual({ key: "an-access-key" });
    expect(await store.reseal(boxFixture())).toBe(1);
    await store.close();
    expect(readFileSync(path).includes("an-access-key")).toBe(false);
  }));

test("what is read is shared, and nobody can change it", () =>
  inDirectory(async (path) => {
    const store = SqliteStore.open(path, boxFixture());
    await store.transact({ put: [{ key: "a", value: { list: [{ name: "x" }] } }] });
    const read = (await store.get<{ list: { name: string }[] }>("a"))?.value;
    expect(() => read?.list.push({ name: "y" })).toThrow();
    expect((await store.list("a")).documents[0]?.value).toBe(read);
    await store.close();
  }));
