/**
 * Makes backups on their times, follows those that are made, and removes those that need not be kept: one step of
 * plan-backups.ts after the other for each cache that has any. It holds no state but its alarms; a controller that comes back
 * goes on from the documents.
 */
import { type CacheId, LarderError, manifestNameOf } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import { AdmissionLock } from "../caches/admission-lock.ts";
import type { BackupDocument, BackupPolicyDocument } from "../documents/backup-document.ts";
import { allNodes, type CacheDocument } from "../documents/cache-document.ts";
import {
  backupKey,
  backupPoliciesPrefix,
  backupPolicyKey,
  backupsPrefix,
  cachesPrefix,
  transfersOverPrefix,
} from "../documents/document-keys.ts";
import { SerialQueue } from "../reconcile/serial-queue.ts";
import type { Store } from "../store/store.ts";
import type { Transfers } from "../transfers/transfers.ts";
import { exportPutOff, newBackup, removalFailed, writesOf } from "./apply-backup-action.ts";
import { backupPuts, readBackups } from "./backup-store.ts";
import { type BackupAction, exportOf, planBackups } from "./plan-backups.ts";
import type { StorageAsker } from "./storage-asker.ts";

export interface BackupKeeperOptions {
  store: Store;
  transfers: Pick<Transfers, "begin">;
  storage: StorageAsker;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

/** Clocks may be set, and alarms be wrong. */
const lookMs = 60_000;

export class BackupKeeper {
  readonly #options: BackupKeeperOptions;
  readonly #stopping = new AbortController();
  readonly #queue: SerialQueue;
  /** Whoever begins an export looks first that there is none: one after the other. */
  readonly #exports = new AdmissionLock();
  readonly #alarms = new Map<string, number>();
  #following: Promise<void>[] = [];

  constructor(options: BackupKeeperOptions) {
    this.#options = options;
    this.#queue = new SerialQueue((id) => this.#advance(id as CacheId), { ...options, signal: this.#stopping.signal });
  }

  async start(): Promise<void> {
    const { store } = this.#options;
    for (const prefix of [backupPoliciesPrefix, backupsPrefix]) {
      const { revision, documents } = await store.list(prefix);
      for (const { key } of documents) this.#queue.mark(cacheIdIn(key, prefix));
      this.#following.push(this.#follow(prefix, revision));
    }
    const { revision } = await store.list(transfersOverPrefix);
    this.#following.push(this.#follow(transfersOverPrefix, revision));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#following);
    await this.#queue.idle();
  }

  /** Begins what a backup's document asks for, where nobody has. Throws as `Transfers.begin`. */
  beginExport(cache: CacheDocument, { name }: BackupDocument): Promise<void> {
    return this.#exports.exclusively(async () => {
      const stored = await readBackups(this.#options.store, cache.cacheId);
      const backup = stored.backups.find(({ value }) => value.name === name)?.value;
      if (backup?.state !== "making" || exportOf(backup, stored.transfers) !== undefined) return;
      const { settings, cacheId, name: cacheName } = cache;
      const label = { name, cache: cacheName, cacheId, sku: settings.sku };
      const { at: to, file: fileName } = backup;
      const task = { kind: "export", to, fileName, gzip: true, rdbVersion: null, backup: label } as const;
      await this.#options.transfers.begin(cache, { task, filter: { prefixes: [], types: [], databases: [] } });
    });
  }

  async #follow(prefix: string, fromRevision: number): Promise<void> {
    for await (const changes of this.#options.store.watch(prefix, fromRevision, this.#stopping.signal))
      for (const { key } of changes) this.#queue.mark(cacheIdIn(key, prefix));
  }

  async #advance(cacheId: CacheId): Promise<void> {
    const { store, clock } = this.#options;
    const stored = await readBackups(store, cacheId);
    if (stored.policy === undefined && stored.backups.length === 0) return;
    const cache = await this.#cacheOf(cacheId);
    if (cache === undefined || cache.removal !== null) return this.#forget(cacheId, cache);
    const policy = stored.policy?.value ?? null;
    const seen = { policy, backups: stored.backups.map(({ value }) => value), transfers: stored.transfers };
    const { action, lookAgainAtMs } = planBackups(seen, clock.nowMs());
    if (action !== null) {
      await this.#carryOut(cache, action);
      this.#queue.mark(cacheId);
    } else if (lookAgainAtMs !== null) this.#wakeAt(cacheId, lookAgainAtMs);
  }

  async #carryOut(cache: CacheDocument, action: BackupAction): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    switch (action.type) {
      case "begin":
        return this.#begin(cache, action.policy, nowMs);
      case "export":
        return this.#export(cache, action.backup);
      case "removeFiles":
        return this.#removeFiles(action.backup);
      default: {
        const stored = await readBackups(this.#options.store, cache.cacheId);
        const nodeId = "transfer" in action ? action.transfer.nodeId : null;
        const hostId = allNodes(cache).find((node) => node.nodeId === nodeId)?.hostId ?? null;
        return this.#write(cache.cacheId, writesOf(action, stored.policy?.value ?? null, { nowMs, hostId }));
      }
    }
  }

  async #begin(cache: CacheDocument, policy: BackupPolicyDocument, nowMs: number): Promise<void> {
    const { backups, transfers } = await readBackups(this.#options.store, cache.cacheId);
    const known = { backups: backups.map(({ value }) => value), transfers };
    const backup = newBackup(cache, { cause: "schedule", at: policy.schedule.to, nowMs }, known);
    await this.#write(cache.cacheId, { backup, policy: { ...policy, last: { begunMs: nowMs, endedMs: null } } });
  }

  async #export(cache: CacheDocument, backup: BackupDocument): Promise<void> {
    const { clock } = this.#options;
    try {
      await this.beginExport(cache, backup);
    } catch (error) {
      if (!(error instanceof LarderError)) throw error;
      const { code, message } = error;
      await this.#write(cache.cacheId, { backup: exportPutOff(backup, { code, message }, clock.nowMs()) });
    }
  }

  /** The manifest goes first: a file without one is not listed. Of a backup that was never made nothing is there. */
  async #removeFiles(backup: BackupDocument): Promise<void> {
    const { store, storage, clock, log } = this.#options;
    const { cacheId, name, at, file, hostId, manifest } = backup;
    try {
      if (manifest !== null) await storage.remove(at, [manifestNameOf(file), file], hostId);
      await store.transact({ delete: [backupKey(backup)] });
      log.info({ cacheId, backup: name }, "backup removed");
    } catch (error) {
      if (!(error instanceof LarderError)) throw error;
      const { code, message } = error;
      log.warn({ cacheId, backup: name, code }, "a backup cannot be removed");
      await this.#write(cacheId, { backup: removalFailed(backup, { code, message }, clock.nowMs()) });
    }
  }

  /** What was overtaken is planned anew. */
  async #write(cacheId: CacheId, writes: { backup?: BackupDocument; policy?: BackupPolicyDocument }): Promise<void> {
    const { store } = this.#options;
    await store.transact(backupPuts(await readBackups(store, cacheId), writes));
  }

  /** The cache is gone, or goes: its files stay, and are found by their manifests. */
  async #forget(cacheId: CacheId, cache: CacheDocument | undefined): Promise<void> {
    if (cache !== undefined) return this.#wakeAt(cacheId, this.#options.clock.nowMs() + lookMs);
    const { store } = this.#options;
    const { backups } = await readBackups(store, cacheId);
    await store.transact({ delete: [backupPolicyKey(cacheId), ...backups.map(({ key }) => key)] });
  }

  async #cacheOf(cacheId: CacheId): Promise<CacheDocument | undefined> {
    const { documents } = await this.#options.store.list<CacheDocument>(cachesPrefix);
    return documents.find(({ value }) => value.cacheId === cacheId)?.value;
  }

  #wakeAt(cacheId: CacheId, atMs: number): void {
    if (this.#alarms.get(cacheId) === atMs) return;
    this.#alarms.set(cacheId, atMs);
    const { clock } = this.#options;
    const pause = Math.min(lookMs, Math.max(0, atMs - clock.nowMs()));
    void clock.sleep(pause, this.#stopping.signal).then(() => {
      this.#alarms.delete(cacheId);
      this.#queue.mark(cacheId);
    });
  }
}

function cacheIdIn(key: string, prefix: string): string {
  return key.slice(prefix.length).split("/")[0] as string;
}
