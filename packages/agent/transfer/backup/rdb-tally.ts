/** What an RDB holds, item by item: the figures of a backup's manifest. */
import type { BackupManifest } from "@larder/api";
import { DatasetDigest, type RdbItem } from "@larder/rdb";

const usedMemory = Buffer.from("used-mem");

export class RdbTally {
  readonly digest: DatasetDigest;
  #rdbVersion = 0;
  /** What the engine that wrote it used for it; null where it does not say. */
  #memoryBytes: number | null = null;

  /** `sinceMs`: as DatasetDigest has it. */
  constructor(sinceMs: number) {
    this.digest = new DatasetDigest(sinceMs);
  }

  /** Throws RdbError. */
  see(item: RdbItem): undefined {
    this.digest.see(item);
    if (item.type === "header") this.#rdbVersion = item.version;
    else if (item.type === "aux" && usedMemory.equals(item.name))
      this.#memoryBytes = Number(Buffer.from(item.value).toString("latin1"));
  }

  figures(): Pick<BackupManifest, "rdbVersion" | "keys" | "functions" | "memoryBytes" | "digest"> {
    const { functions, keysByDatabase } = this.digest;
    const keys = [...keysByDatabase].sort(([a], [b]) => a - b).map(([database, count]) => ({ database, keys: count }));
    const digest = this.digest.total().toString();
    return { rdbVersion: this.#rdbVersion, keys, functions, memoryBytes: this.#memoryBytes, digest };
  }
}
