/**
 * The commands on transfers: begin, cancel, pause, resume, cut over; and what there is to see of them. Each command is one
 * transaction; the reconciler does the rest. Refusals throw LarderError. A command that was overtaken by another change
 * looks again.
 */
import {
  type KeyFilter,
  LarderError,
  type StreamPlace,
  type TransferId,
  type TransferObserved,
  type TransferTask,
} from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import type { Caches, Place } from "../caches/caches.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { noteEvent } from "../documents/cache-events.ts";
import {
  cacheTransfersOverPrefix,
  cacheTransfersPrefix,
  operationKey,
  transferKey,
  transferOverKey,
  transfersPrefix,
} from "../documents/document-keys.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import { inOrder, isOver, type TransferDocument } from "../documents/transfer-document.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { Observations } from "../reconcile/observations.ts";
import { progressOf } from "../reconcile/observe.ts";
import type { Store, StoredDocument } from "../store/store.ts";
import { requireBeginnable, requireCopyable, transfersUnderWayMax } from "./beginning-rules.ts";
import { cacheWithout } from "./transfer-end.ts";
import { transferEvent } from "./transfer-event.ts";
import { transferAfter } from "./transfer-steps.ts";
import { transferWrites } from "./transfer-writes.ts";
import { requireCancellable, type TransferWish, transferWished } from "./wish-rules.ts";

export interface TransfersOptions {
  store: Store;
  caches: Pick<Caches, "require" | "all">;
  observations: Observations;
  hosts: Pick<Hosts, "draining">;
  clock: Clock;
  randomness: Randomness;
}

/** What is asked for. */
export interface TransferRequest {
  task: TransferTask;
  filter: KeyFilter;
  cutOver?: "auto" | "manual";
}

/** A transfer, and what is heard of it now. */
export interface TransferSeen {
  transfer: TransferDocument;
  progress: TransferObserved | null;
}

interface Found {
  cache: StoredDocument<CacheDocument>;
  transfer: StoredDocument<TransferDocument>;
}

/** So often is a command looked at anew that others overtake: as many may begin at once as may be under way. */
const attemptsMax = transfersUnderWayMax + 1;

export class Transfers {
  readonly #options: TransfersOptions;

  constructor(options: TransfersOptions) {
    this.#options = options;
  }

  /** Throws Conflict, InsufficientCapacity, EngineNotAvailable or InvalidParameter where it cannot be. */
  async begin(
    place: Place,
    asked: TransferRequest,
  ): Promise<{ transfer: TransferDocument; operation: OperationDocument }> {
    const { store, caches } = this.#options;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const cache = await caches.require(place);
      const underWay = await this.#underWay(cache.value);
      const all = (await caches.all()).map(({ value }) => value);
      requireBeginnable(cache.value, asked, {
        underWay,
        caches: all,
        reports: this.#options.observations.agentReports(),
        draining: this.#options.hosts.draining,
      });
      const made = this.#made(cache.value, asked);
      const writes = await transferWrites(store, { transfer: made.transfer, revision: 0 });
      const outcome = await store.transact({
        require: [{ key: cache.key, revision: cache.revision }, ...writes.require],
        // Two that begin at the same moment are not both let in: the second looks again.
        put: [
          { key: cache.key, value: cache.value },
          ...writes.put,
          { key: operationKey(made.operation.operationId), value: made.operation },
        ],
      });
      if (outcome.committed) return made;
    }
    throw overtaken(place);
  }

  /** Throws OperationNotSupported where nothing can be exported. */
  requireExportable(cache: CacheDocument): void {
    requireCopyable(cache, this.#options.observations.agentReports());
  }

  /** The newest first. */
  async list(place: Place): Promise<TransferSeen[]> {
    const { value: cache } = await this.#options.caches.require(place);
    const over = await this.#options.store.list<TransferDocument>(cacheTransfersOverPrefix(cache.cacheId));
    const all = [...(await this.#underWay(cache)), ...over.documents.map(({ value }) => value)];
    return all
      .sort(inOrder)
      .reverse()
      .map((transfer) => this.#seen(cache, transfer));
  }

  /** The cache's last migration, and where its own changes begin since. Throws Conflict where nobody knows. */
  async lastMigration(place: Place): Promise<{ migrationId: TransferId; from: StreamPlace }> {
    const seen = (await this.list(place)).find(({ transfer }) => transfer.task.kind === "migrate" && isOver(transfer));
    if (seen?.transfer.status === "succeeded" && seen.progress?.place != null)
      return { migrationId: seen.transfer.transferId, from: seen.progress.place };
    throw new LarderError(
      "Conflict",
      `'${place.name}' was not migrated, or it is not known where its own changes began: there is no way back.`,
    );
  }

  async underWay(cache: CacheDocument): Promise<TransferSeen[]> {
    return (await this.#underWay(cache)).map((transfer) => this.#seen(cache, transfer));
  }

  /** Of all caches. */
  async countUnderWay(): Promise<Map<TransferTask["kind"], number>> {
    const { documents } = await this.#options.store.list<TransferDocument>(transfersPrefix);
    const counts = new Map<TransferTask["kind"], number>();
    for (const { value } of documents) counts.set(value.task.kind, (counts.get(value.task.kind) ?? 0) + 1);
    return counts;
  }

  /** Throws ResourceNotFound. */
  async get(place: Place, transferId: string): Promise<TransferSeen> {
    const { cache, transfer } = await this.#find(place, transferId);
    return this.#seen(cache.value, transfer.value);
  }

  /** The cache is as it was, but for what a merge has added. Throws Conflict where it is too late. */
  cancel(place: Place, transferId: string): Promise<TransferSeen> {
    return this.#change(place, transferId, (cache, transfer, progress) => {
      requireCancellable(transfer);
      const nowMs = this.#options.clock.nowMs();
      const problem = { code: "TransferCancelled", message: "It was cancelled by its owner." };
      const ended = transferAfter(transfer, { type: "end", status: "cancelled", problem }, { nowMs, progress });
      return { cache: cacheWithout(cache, transfer), transfer: ended };
    });
  }

  /** Throws Conflict or InvalidParameter where that cannot be. */
  wish(place: Place, transferId: string, wish: TransferWish): Promise<TransferSeen> {
    return this.#change(place, transferId, (cache, transfer) => ({ cache, transfer: transferWished(transfer, wish) }));
  }

  async #change(
    place: Place,
    transferId: string,
    decide: (
      cache: CacheDocument,
      transfer: TransferDocument,
      progress: TransferObserved | null,
    ) => { cache: CacheDocument; transfer: TransferDocument },
  ): Promise<TransferSeen> {
    const { store, observations, clock } = this.#options;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const found = await this.#find(place, transferId);
      const progress = progressOf(found.cache.value, found.transfer.value, observations);
      const { cache, transfer } = decide(found.cache.value, found.transfer.value, progress);
      const writes = await transferWrites(store, { transfer, revision: found.transfer.revision });
      const noted =
        transfer.endedMs === null
          ? undefined
          : noteEvent(cache, transferEvent(transfer, transfer.endedMs), clock.nowMs());
      const put = noted === undefined ? [] : [{ key: found.cache.key, value: noted.cache }, noted.put];
      const require = [{ key: found.cache.key, revision: found.cache.revision }, ...writes.require];
      const outcome = await store.transact({ require, put: [...writes.put, ...put], delete: writes.delete });
      if (outcome.committed) return this.#seen(cache, transfer);
    }
    throw overtaken(place);
  }

  #seen(cache: CacheDocument, transfer: TransferDocument): TransferSeen {
    const now = transfer.endedMs === null ? progressOf(cache, transfer, this.#options.observations) : null;
    return { transfer, progress: now ?? transfer.progress };
  }

  async #find(place: Place, transferId: string): Promise<Found> {
    const { store, caches } = this.#options;
    const cache = await caches.require(place);
    const { cacheId } = cache.value;
    for (const keyOf of [transferKey, transferOverKey]) {
      const transfer = await store.get<TransferDocument>(keyOf(cacheId, transferId.toLowerCase() as TransferId));
      if (transfer !== undefined) return { cache, transfer };
    }
    throw new LarderError("ResourceNotFound", `'${place.name}' has no transfer '${transferId}'.`);
  }

  async #underWay({ cacheId }: CacheDocument): Promise<TransferDocument[]> {
    const { documents } = await this.#options.store.list<TransferDocument>(cacheTransfersPrefix(cacheId));
    return documents.map(({ value }) => value).sort(inOrder);
  }

  #made(cache: CacheDocument, { task, filter, cutOver }: TransferRequest) {
    const { clock, randomness } = this.#options;
    const startMs = clock.nowMs();
    const { subscription, location, cacheId } = cache;
    const operationId = randomness.uuid();
    const operation: OperationDocument = {
      operationId,
      kind: task.kind,
      subscription,
      location,
      startMs,
      endMs: null,
      error: null,
    };
    const transfer: TransferDocument = {
      transferId: `${task.kind}-${randomness.bytes(4).toString("hex")}` as TransferId,
      cacheId,
      operationId,
      task,
      filter,
      nodeId: null,
      nodesBefore: 0,
      lostNodes: 0,
      callOffs: 0,
      status: "waiting",
      cutOver: task.kind === "migrate" ? (cutOver ?? "auto") : null,
      createdMs: startMs,
      endedMs: null,
      problem: null,
      progress: null,
    };
    return { transfer, operation };
  }
}

function overtaken({ name }: Place): LarderError {
  return new LarderError("Conflict", `'${name}' was changed at the same moment; try again.`);
}
