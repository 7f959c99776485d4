/**
 * Takes the snapshots of a running engine when they are due, one at a time on a host.
 *
 * The engine's own BGSAVE makes them, whose child writes to the disk beside the engine. As a stream of replication they would
 * pass through the engine's main thread. A file that the agent finds afterwards is whole: the engine renames it at the end.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { PersistenceSpec, ReplicationObserved } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import type { EngineConnection } from "../engine/ask.ts";
import {
  type Info,
  isRelieved,
  isRewriting,
  isSaving,
  isStillOf,
  isWhole,
  positionOf,
  reasonIn,
} from "./engine-facts.ts";
import type { ForkTurn } from "./fork-turn.ts";
import type { KeptPosition } from "./kept-position.ts";
import type { KeepingPaths } from "./node-keeping.ts";
import type { Problems } from "./problems.ts";
import { isSnapshotDue } from "./snapshot-schedule.ts";
import { listSnapshots, pruneSnapshots, type Snapshot, sealSnapshot } from "./snapshots.ts";

export interface SnapshotTakerContext {
  paths: KeepingPaths;
  clock: Clock;
  randomness: Randomness;
  log: Pick<Log, "info">;
  forks: ForkTurn;
  problems: Problems;
  logTail: () => string;
  onChange: () => void;
}

/** A BGSAVE that runs. */
export interface Saving {
  position: Pick<KeptPosition, "epoch" | "offset">;
  startedAtMs: number;
  startedMonotonicMs: number;
}

/** So that there is one before the newest, should that be unreadable. */
const snapshotsMin = 2;

export class SnapshotTaker {
  readonly #context: SnapshotTakerContext;
  readonly #jitter: number;
  #saving: Saving | null = null;
  #newest: Snapshot | null = null;
  #isUrgent = false;
  #failedAtMs: number | null = null;

  constructor(context: SnapshotTakerContext) {
    this.#context = context;
    this.#jitter = context.randomness.fraction();
  }

  get newest(): Snapshot | null {
    return this.#newest;
  }

  /** A life begins: nothing runs, and this is on disk. */
  begins(sinceMs: number | null): void {
    this.#stop();
    this.#isUrgent = false;
    this.#newest = sinceMs === null ? null : (listSnapshots(this.#context.paths, sinceMs)[0] ?? null);
  }

  /** One is to be taken soon, whoever else takes them. */
  hurry(): void {
    this.#isUrgent = true;
  }

  /** Returns the one that was taken just now. */
  async attend(
    connection: EngineConnection,
    persistence: PersistenceSpec,
    seen: ReplicationObserved | null,
    info: Info,
  ): Promise<Snapshot | undefined> {
    if (this.#saving !== null) return isSaving(info) ? undefined : this.#finish(this.#saving, persistence, seen);
    const isBusy = isSaving(info) || isRewriting(info);
    if (!isBusy && this.#isDue(persistence, seen)) await this.#begin(connection, seen);
    return undefined;
  }

  async forget(): Promise<void> {
    const { snapshotsDirectory, dumpPath } = this.#context.paths;
    this.begins(null);
    for (const path of [snapshotsDirectory, dumpPath]) await rm(path, { recursive: true, force: true });
  }

  /** Of a file that the engine has just written. */
  async seal(saving: Saving, { sinceMs, snapshotsMax }: PersistenceSpec): Promise<Snapshot | undefined> {
    const { paths, clock, log, problems, onChange } = this.#context;
    const durationMs = Math.max(0, Math.round(clock.monotonicMs() - saving.startedMonotonicMs));
    const note = { ...saving.position, sinceMs, savedAtMs: saving.startedAtMs, endedAtMs: clock.nowMs(), durationMs };
    const snapshot = sealSnapshot(paths, note);
    this.#newest = snapshot ?? this.#newest;
    this.#isUrgent = false;
    this.#failedAtMs = null;
    problems.works("snapshot");
    log.info({ bytes: snapshot?.bytes, durationMs }, "snapshot taken");
    onChange();
    await pruneSnapshots(paths, sinceMs, Math.max(snapshotsMin, snapshotsMax));
    return snapshot;
  }

  #isDue({ snapshotEveryMs, sinceMs }: PersistenceSpec, seen: ReplicationObserved | null): boolean {
    if (snapshotEveryMs === null) return false;
    return isSnapshotDue({
      nowMs: this.#context.clock.nowMs(),
      everyMs: snapshotEveryMs,
      sinceMs,
      endedAtMs: this.#newest?.endedAtMs ?? null,
      failedAtMs: this.#failedAtMs,
      isUrgent: this.#isUrgent,
      isWhole: isWhole(seen),
      isRelieved: isRelieved(seen),
      jitter: this.#jitter,
    });
  }

  /** The position is that of the moment of the fork: the engine does nothing else between the two. */
  async #begin(connection: EngineConnection, seen: ReplicationObserved | null): Promise<void> {
    const { clock, forks, paths } = this.#context;
    if (!forks.take(this)) return;
    await rm(paths.dumpPath, { force: true });
    try {
      const info = await connection.infoBehind([["BGSAVE"]], "replication");
      const position = positionOf(seen, info);
      this.#saving = { position, startedAtMs: clock.nowMs(), startedMonotonicMs: clock.monotonicMs() };
    } catch (error) {
      forks.giveBack(this);
      throw error;
    }
  }

  async #finish(
    saving: Saving,
    persistence: PersistenceSpec,
    seen: ReplicationObserved | null,
  ): Promise<Snapshot | undefined> {
    const { paths, clock, problems, logTail } = this.#context;
    this.#stop();
    if (!isStillOf(saving.position, seen)) return undefined;
    if (existsSync(paths.dumpPath)) return this.seal(saving, persistence);
    this.#failedAtMs = clock.nowMs();
    problems.failed("snapshot", reasonIn(logTail(), "The engine could not save a snapshot."));
    return undefined;
  }

  #stop(): void {
    this.#saving = null;
    this.#context.forks.giveBack(this);
  }
}
