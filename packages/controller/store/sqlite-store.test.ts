import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LarderError } from "@larder/api";
import { SqliteStore } from "./sqlite-store.ts";
import { describeStore } from "./store-contract.ts";

describeStore("SQLite", async () => {
  const directory = mkdtempSync(join(tmpdir(), "larder-store-"));
  const path = join(directory, "store.db");
  let store = SqliteStore.open(path);
  return {
    store,
    async reopen() {
      await store.close();
      store = SqliteStore.open(path);
      return store;
    },
    async remove() {
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
});

function inDirectory(body: (path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "larder-store-"));
  try {
    body(join(directory, "store.db"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function openingProblem(path: string): LarderError {
  try {
    SqliteStore.open(path);
  } catch (error) {
    if (error instanceof LarderError) return error;
  }
  throw new Error("opened");
}

test("the file is its owner's alone", () =>
  inDirectory((path) => {
    const store = SqliteStore.open(path);
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
