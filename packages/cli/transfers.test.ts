import { describe, expect, test } from "bun:test";
import type { TransferResource } from "@larder/api/transfer-resource";
import { expandArguments, exportTarget, hasTypedSecret, parseStorageArgument } from "./storage-argument.ts";
import { plainColors } from "./terminal.ts";
import { formatFigures, formatOutcome, phaseOf } from "./transfer-view.ts";

const noRate = { keysPerSecond: null, bytesPerSecond: null };

function transferOf(changes: Partial<TransferResource> = {}, progress: object = {}): TransferResource {
  return {
    id: "import-1",
    kind: "import",
    mode: "fill",
    status: "running",
    from: ["file:///shop.rdb"],
    to: [],
    filter: { prefixes: [], types: [], databases: [] },
    cutOver: null,
    paused: false,
    node: "shop-1",
    createdAt: "2026-01-01T00:00:00.000Z",
    endedAt: null,
    progress: {
      runId: "1",
      state: "running",
      phase: "loading shop.rdb",
      keys: 2_000,
      keysTotal: 8_000,
      bytes: 1024 * 1024,
      bytesTotal: 4 * 1024 * 1024,
      keysSkipped: 0,
      lagBytes: null,
      lagMs: null,
      usedEngineLoader: false,
      caveats: [],
      files: [],
      place: null,
      differences: null,
      ...progress,
    },
    error: null,
    ...changes,
  };
}

describe("how far a transfer is", () => {
  test("with an estimate", () => {
    const rate = { keysPerSecond: 1_000, bytesPerSecond: 512 * 1024 };
    const text = "25 %  2,000 of about 8,000 keys, 1 MB  1,000 keys/s  about 6.0 s left";
    expect(formatFigures(transferOf(), rate)).toBe(text);
  });

  test("where nobody knows how much there is", () => {
    expect(formatFigures(transferOf({}, { keysTotal: null, bytesTotal: null }), noRate)).toBe("2,000 keys, 1 MB");
  });

  test("of a single key", () => {
    expect(formatFigures(transferOf({}, { keys: 1, keysTotal: null, bytesTotal: null }), noRate)).toBe("1 key, 1 MB");
  });

  test("of a migration that follows", () => {
    const following = { state: "following", keysTotal: null, bytesTotal: null, lagBytes: 2_048 };
    expect(formatFigures(transferOf({ kind: "migrate" }, following), noRate)).toBe("2,000 keys, 1 MB  2 KB behind");
  });

  test("before and after it moves", () => {
    expect(phaseOf(transferOf({ status: "waiting", progress: null }))).toContain("waiting");
    expect(phaseOf(transferOf({ status: "cuttingOver" }))).toContain("clients are being moved");
  });
});

test("what came of it", () => {
  const done = transferOf(
    { status: "succeeded", endedAt: "2026-01-01T00:00:02.000Z" },
    { keysSkipped: 3, caveats: ["Three keys had expired."] },
  );
  expect(formatOutcome(done, "shop", plainColors)).toBe(
    "Done: Importing into shop, 2.0 s\n  2,000 keys, 1 MB, 3 left out\n  note: Three keys had expired.\n",
  );
});

describe("where data is", () => {
  test("lists, from files and standard input", () => {
    const read = (file: string) => (file === "/dev/stdin" ? "c\n" : "# two\na\n\nb\n");
    expect(expandArguments(["x", "@list", "-"], read)).toEqual(["x", "a", "b", "c"]);
  });

  test("a file of this machine, and URLs with what they need from the environment", () => {
    expect(parseStorageArgument("dump.rdb", {})).toEqual({ kind: "path", path: "dump.rdb" });
    expect(parseStorageArgument("https://acc.example/box/f", { LARDER_SAS: "?sp=r&sig=x" })).toMatchObject({
      location: { url: "https://acc.example/box/f?sp=r&sig=x", credentials: null },
    });
    expect(parseStorageArgument("s3://box/f", { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" })).toMatchObject(
      { location: { credentials: { kind: "s3", region: "us-east-1", endpoint: null } } },
    );
    expect(() => parseStorageArgument("azure://box/f", {})).toThrow("AZURE_STORAGE_CONNECTION_STRING");
    expect(() => parseStorageArgument("ftp://box/f", {})).toThrow("ftp://");
  });

  test("a signature that was typed", () => {
    expect(hasTypedSecret(["https://acc.example/box?sp=r&sig=x"])).toBe(true);
    expect(hasTypedSecret(["https://acc.example/box", "@file"])).toBe(false);
  });

  test.each([
    ["https://acc.blob.example/box?sig=x", "https://acc.blob.example/box?sig=x", "shop"],
    ["https://acc.blob.example/box/a/b.rdb?sig=x", "https://acc.blob.example/box?sig=x", "a/b.rdb"],
    ["http://127.0.0.1:10000/acc/box/b.rdb?sig=x", "http://127.0.0.1:10000/acc/box?sig=x", "b.rdb"],
    ["s3://box/a/", "s3://box", "a/shop"],
    ["file:///var/out/b.rdb", "file:///var/out/", "b.rdb"],
    ["file:///var/out/", "file:///var/out/", "shop"],
  ])("an export to %s", (url, container, prefix) => {
    expect(exportTarget({ url, credentials: null }, "shop")).toEqual({
      container: { url: container, credentials: null },
      prefix,
    });
  });
});
