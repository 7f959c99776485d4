/** A disk that is full: a small file system in memory, which only root may mount. */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandomness } from "@larder/service";
import { openFolder, type StorageError } from "@larder/storage";
import { contentOf, inChunks, read } from "../../packages/storage/storage-contract.ts";

const bytesMax = 1024 * 1024;
const place = mkdtempSync(join(tmpdir(), "larder-full-"));
const canMount = mount() && unmount();
if (!canMount) rmSync(place, { recursive: true });

test.skipIf(!canMount)("wherever the disk becomes full, the file before stays, and nothing else", async () => {
  try {
    mount();
    const context = { clock: systemClock, randomness: systemRandomness, storageRoots: [place] };
    const storage = openFolder({ url: `file://${place}/backups`, credentials: null }, context);
    const before = contentOf(200_000);
    await storage.put("dump.rdb", inChunks(before, 65_536));
    const put = storage.put("dump.rdb", inChunks(contentOf(2 * bytesMax), 65_536));
    const error = await put.catch((caught: StorageError) => caught);
    expect(error).toMatchObject({ code: "Full", file: "dump.rdb", retryable: false });
    expect((error as StorageError).offset).toBeGreaterThan(500_000);

    // With room for less and less: for the file but not for its checksum, for nothing at all.
    mkdirSync(join(place, "other"));
    const outcomes = new Set<string>();
    for (let filled = 0; room() > 0; filled++) {
      writeFileSync(join(place, "other", String(filled)), Buffer.alloc(4096));
      const again = await storage.put("more.rdb", inChunks(contentOf(300_000), 65_536)).then(
        () => "stored",
        ({ code }: StorageError) => code,
      );
      outcomes.add(again);
      await storage.remove("more.rdb");
    }
    expect([...outcomes]).toEqual(["stored", "Full"]);
    expect(before.equals(await read(storage, "dump.rdb"))).toBe(true);
    expect(readdirSync(join(place, "backups")).toSorted()).toEqual(["dump.rdb", "dump.rdb.sha256"]);
  } finally {
    unmount();
    rmSync(place, { recursive: true });
  }
});

function room(): number {
  const { bavail, bsize } = statfsSync(place);
  return bavail * bsize;
}

function mount(): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytesMax}`, "larder-full", place]).status === 0;
}

function unmount(): boolean {
  return spawnSync("umount", [place]).status === 0;
}
