import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CacheId, TransferId } from "@larder/api";
import { cacheTransfersOverPrefix, transferOverKey } from "../documents/document-keys.ts";
import type { TransferDocument } from "../documents/transfer-document.ts";
import { taskFixtures, transferFixture } from "../documents/transfer-fixture.ts";
import { boxFixture } from "../store/box-fixture.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { pruneTransfers, transfersKeptMax } from "./transfer-pruner.ts";

test("the newest transfers of each cache are kept", async () => {
  const directory = mkdtempSync(join(tmpdir(), "larder-transfers-"));
  const store = SqliteStore.open(join(directory, "store.db"), boxFixture());
  const [full, other] = ["full", "other"] as CacheId[] as [CacheId, CacheId];
  const over = (cacheId: CacheId, createdMs: number) => {
    // Names sort otherwise than times.
    const transferId = `t${10_000 - createdMs}` as TransferId;
    const value = transferFixture(taskFixtures.export, { cacheId, transferId, createdMs, status: "succeeded" });
    return { key: transferOverKey(cacheId, transferId), value };
  };
  const ofFull = Array.from({ length: transfersKeptMax + 5 }, (_, index) => over(full, index));
  await store.transact({ put: [...ofFull, over(other, 1)] });
  await pruneTransfers(store);
  const times = async (cacheId: CacheId) =>
    (await store.list<TransferDocument>(cacheTransfersOverPrefix(cacheId))).documents.map(
      ({ value }) => value.createdMs,
    );
  expect((await times(full)).length).toBe(transfersKeptMax);
  expect(Math.min(...(await times(full)))).toBe(5);
  expect(await times(other)).toEqual([1]);
  await store.close();
  rmSync(directory, { recursive: true });
});
