/**
 * The commands on backups: schedule, make, restore, verify, remove; and what there is to see of them. What takes its time is a
 * transfer, or done by the keeper. Refusals throw LarderError.
 */
import {
  type BackupManifest,
  type BackupPolicyResource,
  type BackupResource,
  type BackupSchedule,
  backupLimits,
  describeLocation,
  type FoundBackup,
  fileIn,
  LarderError,
  type StorageLocation,
} from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import type { Caches, Place } from "../caches/caches.ts";
import type { BackupDocument } from "../documents/backup-document.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { noteEvent } from "../documents/cache-events.ts";
import { backupKey, backupPolicyKey } from "../documents/document-keys.ts";
import { isOver } from "../documents/transfer-document.ts";
import type { Store } from "../store/store.ts";
import type { Transfers } from "../transfers/transfers.ts";
import { newBackup, newPolicy, writesOf } from "./apply-backup-action.ts";
import { requireFits } from "./backup-fit.ts";
import type { BackupKeeper } from "./backup-keeper.ts";
import { type BackupsStored, backupPuts, readBackups } from "./backup-store.ts";
import { backupResource, newestTimes, policyResource } from "./backup-view.ts";
import { uses } from "./plan-backups.ts";
import type { StorageAsker } from "./storage-asker.ts";

export interface BackupsOptions {
  store: Store;
  caches: Pick<Caches, "require">;
  transfers: Transfers;
  keeper: BackupKeeper;
  storage: StorageAsker;
  clock: Clock;
  randomness: Randomness;
}

type Begun = Awaited<ReturnType<Transfers["begin"]>>;

const noFilter = { prefixes: [], types: [], databases: [] };

export class Backups {
  readonly #options: BackupsOptions;

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  /** null: backups are not made by themselves. */
  async policy(place: Place): Promise<BackupPolicyResource | null> {
    const { policy, backups } = await this.#read(place);
    return policy === undefined
      ? null
      : policyResource(
          policy.value,
          backups.map(({ value }) => value),
        );
  }

  /** null ends the schedule; what was made stays. */
  async setPolicy(place: Place, schedule: BackupSchedule | null): Promise<void> {
    const { store, caches, clock, randomness } = this.#options;
    const cache = await caches.require(place);
    if (schedule !== null) this.#options.transfers.requireExportable(cache.value);
    const before = await store.get<ReturnType<typeof newPolicy>>(backupPolicyKey(cache.value.cacheId));
    const nowMs = clock.nowMs();
    const key = backupPolicyKey(cache.value.cacheId);
    const context = { nowMs, jitter: randomness.fraction(), before: before?.value ?? null };
    const note = {
      kind: "backup",
      cause: "asked for",
      text: scheduleText(schedule),
      durationMs: null,
      holdMs: null,
    } as const;
    const noted = noteEvent(cache.value, note, nowMs);
    const renewed = schedule === null ? [] : await this.#renewed(cache.value, schedule.to);
    const put = [{ key: cache.key, value: noted.cache }, noted.put, ...renewed];
    const outcome = await store.transact({
      require: [
        { key: cache.key, revision: cache.revision },
        { key, revision: before?.revision ?? 0 },
      ],
      put: schedule === null ? put : [...put, { key, value: newPolicy(cache.value, schedule, context) }],
      delete: schedule === null ? [key] : [],
    });
    if (!outcome.committed) throw overtaken(place);
  }

  /** Backups of the same place are reached with its new credentials from now on. */
  async #renewed({ cacheId }: CacheDocument, to: StorageLocation): Promise<{ key: string; value: BackupDocument }[]> {
    const { backups } = await readBackups(this.#options.store, cacheId);
    const there = backups.filter(({ value }) => describeLocation(value.at) === describeLocation(to));
    return there.map(({ key, value }) => ({ key, value: { ...value, at: to, notBeforeMs: 0 } }));
  }

  /** The newest first. */
  async list(place: Place): Promise<BackupResource[]> {
    const { backups, transfers } = await this.#read(place);
    return backups.map(({ value }) => backupResource(value, transfers)).reverse();
  }

  /** Throws ResourceNotFound. */
  async get(place: Place, name: string): Promise<BackupResource> {
    const stored = await this.#read(place);
    return backupResource(this.#find(stored, place, name), stored.transfers);
  }

  /** Makes one now, `to` somewhere or where those of the schedule go. Throws Conflict and InvalidParameter. */
  async makeNow(place: Place, to: StorageLocation | undefined): Promise<BackupResource> {
    const { store, caches, keeper, clock } = this.#options;
    const { value: cache } = await caches.require(place);
    const stored = await readBackups(store, cache.cacheId);
    const at = to ?? stored.policy?.value.schedule.to;
    if (at === undefined)
      throw new LarderError(
        "InvalidParameter",
        "'location' is missing: there is no schedule that says where backups go.",
        {
          target: "location",
        },
      );
    requireNoneMade(place, stored);
    const known = { backups: stored.backups.map(({ value }) => value), transfers: stored.transfers };
    const backup = newBackup(cache, { cause: "asked for", at, nowMs: clock.nowMs() }, known);
    const outcome = await store.transact(backupPuts(stored, { backup }));
    if (!outcome.committed) throw overtaken(place);
    try {
      await keeper.beginExport(cache, backup);
    } catch (error) {
      await store.transact({ delete: [backupKey(backup)] });
      throw error;
    }
    return this.get(place, backup.name);
  }

  /** `into`: the cache itself, or another. Throws as `Transfers.begin`, and where it would not fit. */
  async restore(
    place: Place,
    name: string,
    { into, from }: { into: Place; from?: StorageLocation | undefined },
  ): Promise<Begun> {
    const { caches, transfers } = this.#options;
    const { manifest, at } = await this.#locate(place, name, from);
    requireFits(manifest, (await caches.require(into)).value);
    const { bytes, sha256, file } = manifest;
    const task = { kind: "import", mode: "fill", files: [fileIn(at, file)], expects: { bytes, sha256 } } as const;
    return transfers.begin(into, { task: { ...task, files: [...task.files] }, filter: noFilter });
  }

  /** Tried on a node of its own. Throws as `Transfers.begin`. */
  async verify(place: Place, name: string): Promise<Begun> {
    const { manifest, at } = await this.#locate(place, name, undefined);
    const cache = await this.#options.caches.require(place);
    requireFits(manifest, cache.value);
    return this.#options.transfers.begin(place, { task: { kind: "verify", at, manifest }, filter: noFilter });
  }

  /** Its files go soon. Throws Conflict while it is used. */
  async remove(place: Place, name: string): Promise<void> {
    const { store, clock } = this.#options;
    const stored = await this.#read(place);
    const backup = this.#find(stored, place, name);
    if (backup.state === "removing") return;
    const user = stored.transfers.find((one) => !isOver(one) && uses(one, backup));
    if (user !== undefined || backup.state === "making")
      throw new LarderError(
        "Conflict",
        `It is in use${user === undefined ? "" : `: cancel ${user.transferId} first, or wait`}.`,
      );
    const writes = writesOf({ type: "remove", backup }, null, { nowMs: clock.nowMs(), hostId: null });
    if (!(await store.transact(backupPuts(stored, writes))).committed) throw overtaken(place);
  }

  /** What a storage holds, whoever made it, the newest first. */
  async findIn(location: StorageLocation, cache: string | undefined): Promise<FoundBackup[]> {
    const found = await this.#options.storage.list(location, cache ?? null);
    return found.map((manifest) => ({ manifest, location: describeLocation(location) }));
  }

  async #locate(
    place: Place,
    name: string,
    from: StorageLocation | undefined,
  ): Promise<{ manifest: BackupManifest; at: StorageLocation }> {
    if (from !== undefined) {
      const manifest = (await this.#options.storage.list(from, null)).find(
        (one) => one.name === name || one.file === name,
      );
      if (manifest !== undefined) return { manifest, at: from };
      throw new LarderError("ResourceNotFound", `There is no backup '${name}' in ${describeLocation(from)}.`);
    }
    const { manifest, at, state } = this.#find(await this.#read(place), place, name);
    if (manifest !== null && state === "made") return { manifest, at };
    throw new LarderError("Conflict", `The backup '${name}' is not there: it is ${state}.`);
  }

  #find({ backups }: BackupsStored, place: Place, name: string): BackupDocument {
    const found = backups.find(({ value }) => value.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found.value;
    throw new LarderError("ResourceNotFound", `'${place.name}' has no backup '${name}'.`);
  }

  async #read(place: Place): Promise<BackupsStored> {
    const { store, caches } = this.#options;
    return readBackups(store, (await caches.require(place)).value.cacheId);
  }

  /** When the newest good one was made, and the newest that a verification found good; for metrics. */
  async newest({ cacheId }: CacheDocument): Promise<{ backup: number | null; verified_backup: number | null }> {
    const { backups } = await readBackups(this.#options.store, cacheId);
    const { lastGoodMs, lastVerifiedMs } = newestTimes(backups.map(({ value }) => value));
    return { backup: lastGoodMs, verified_backup: lastVerifiedMs };
  }
}

function requireNoneMade({ name }: Place, { backups }: BackupsStored): void {
  if (backups.some(({ value }) => value.state === "making"))
    throw new LarderError("Conflict", `A backup of '${name}' is being made already.`);
  if (backups.length < backupLimits.backupsMax) return;
  throw new LarderError("Conflict", `'${name}' has ${backupLimits.backupsMax} backups; delete some first.`);
}

function scheduleText(schedule: BackupSchedule | null): string {
  if (schedule === null) return "Backups are not made by themselves any more";
  const { everyMinutes, keep, to } = schedule;
  return `A backup is made every ${everyMinutes} minutes to ${describeLocation(to)}, and ${keep} are kept`;
}

function overtaken({ name }: Place): LarderError {
  return new LarderError("Conflict", `'${name}' was changed at the same moment; try again.`);
}
