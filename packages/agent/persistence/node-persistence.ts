/**
 * What one node keeps on disk: what each life of its engine begins with, snapshots, append-only files. It is looked after
 * by the node's supervisor, at each life's start and then at every look.
 *
 * Snapshots are taken by the engine's own BGSAVE, whose child writes to the disk beside the engine. Taken as a stream of
 * replication they would pass through the engine's main thread. Only what the agent has sealed counts (snapshots.ts).
 *
 * Invariants: an older dataset never takes the place of a newer one; nothing is removed before what replaces it is on disk;
 * and a node without a whole copy of its cache's data writes down nothing.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { NodeId, NodeSpec, PersistenceObserved, PersistenceSpec, ReplicationObserved } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import { type EngineConnection, EngineRefused } from "../engine/ask.ts";
import { type NodePaths, readLogTail } from "../node-folder.ts";
import { baseName, readAof, readNote, writeNote } from "./append-only-files.ts";
import { chooseSource, type Source } from "./beginning.ts";
import type { ForkTurn } from "./fork-turn.ts";
import type { KeptPosition } from "./kept-position.ts";
import { type KeepingPaths, keepingPaths } from "./node-keeping.ts";
import { isSnapshotDue } from "./snapshot-schedule.ts";
import { listSnapshots, pruneSnapshots, type Snapshot, sealSnapshot } from "./snapshots.ts";

export interface PersistenceContext {
  nodeId: NodeId;
  paths: NodePaths;
  clock: Clock;
  randomness: Randomness;
  log: Log;
  /** Something that the agent reports has changed. */
  onChange: () => void;
  /** Of the host. */
  forks: ForkTurn;
}

/** A BGSAVE that runs. */
interface Saving {
  position: Pick<KeptPosition, "epoch" | "offset">;
  startedAtMs: number;
  startedMonotonicMs: number;
}

type Info = ReadonlyMap<string, string>;

/** So that there is one before the newest, should that be unreadable. */
const snapshotsMin = 2;
const lookEveryMs = 1_000;
const noteEveryMs = 2_000;

export class NodePersistence {
  readonly #context: PersistenceContext;
  readonly #paths: KeepingPaths;
  readonly #jitter: number;
  /** What the present life began with, or the next is to. */
  #source: Source | null = null;
  #saving: Saving | null = null;
  /** Nothing is to be kept, and nothing is. */
  #isBare = false;
  #newest: Snapshot | null = null;
  #hasAof = false;
  #isUrgent = false;
  #failedAtMs: number | null = null;
  #failures = 0;
  #problem: PersistenceObserved["problem"] = null;
  #lookAtMs = Number.NEGATIVE_INFINITY;
  #noteAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: PersistenceContext) {
    this.#context = context;
    this.#paths = keepingPaths(context.paths.directory);
    this.#jitter = context.randomness.fraction();
  }

  get source(): Source | null {
    return this.#source;
  }

  /** What the next life is to begin with. */
  async choose({ persistence }: NodeSpec): Promise<Source | null> {
    this.#source = null;
    this.#saving = null;
    this.#hasAof = false;
    this.#context.forks.giveBack(this);
    if (persistence === null) await this.#forgetAll();
    else this.#source = this.#find(persistence) ?? null;
    return this.#source;
  }

  #find({ sinceMs }: PersistenceSpec): Source | undefined {
    const snapshots = listSnapshots(this.#paths, sinceMs);
    this.#newest = snapshots[0] ?? null;
    return chooseSource(readAof(this.#paths, sinceMs), snapshots);
  }

  observed(spec: NodeSpec | undefined): PersistenceObserved | null {
    if (!spec?.persistence) return null;
    const newest = this.#newest;
    return {
      loading: null,
      lastSnapshot: newest && { endedAtMs: newest.endedAtMs, durationMs: newest.durationMs, bytes: newest.bytes },
      failures: this.#failures,
      hasAof: this.#hasAof,
      knowsCopies: false,
      copiedAtMs: null,
      setAside: [],
      problem: this.#problem,
    };
  }

  /** Looks after a running engine, as often as is needed. Throws EngineUnreachable. */
  async attend(connection: EngineConnection, spec: NodeSpec, seen: ReplicationObserved | null): Promise<void> {
    const now = this.#context.clock.monotonicMs();
    if (now < this.#lookAtMs || (spec.persistence === null && this.#isBare)) return;
    this.#lookAtMs = now + lookEveryMs;
    try {
      const info = await connection.infos([], ["replication", "persistence"]);
      if (spec.persistence === null) await this.#cease(connection, info);
      else await this.#keep(connection, spec.persistence, seen, info);
    } catch (error) {
      if (!(error instanceof EngineRefused)) throw error;
      this.#fail("PersistenceFailed", error.message);
    }
  }

  async #keep(
    connection: EngineConnection,
    persistence: PersistenceSpec,
    seen: ReplicationObserved | null,
    info: Info,
  ): Promise<void> {
    this.#isBare = false;
    await this.#keepAof(connection, persistence, seen, info);
    if (this.#saving !== null) await this.#awaitSaving(persistence, seen, info);
    else if (this.#isDue(persistence, seen) && !hasChild(info)) await this.#save(connection, seen);
  }

  /** On or off, as wanted; and where it is on, how far it is. */
  async #keepAof(
    connection: EngineConnection,
    { hasAof, sinceMs, snapshotEveryMs }: PersistenceSpec,
    seen: ReplicationObserved | null,
    info: Info,
  ): Promise<void> {
    const isOn = info.get("aof_enabled") === "1";
    if (hasAof && !isOn && isWhole(seen)) {
      if (readNote(this.#paths)?.sinceMs !== sinceMs)
        await writeNote(this.#paths, { sinceMs, epoch: 0, offset: 0, base: "", bytes: 0 });
      await connection.ask("CONFIG", "SET", "appendonly", "yes");
      return;
    }
    if (!hasAof && isOn) {
      await connection.ask("CONFIG", "SET", "appendonly", "no");
      // What it has written stays until there is a snapshot in its place.
      this.#isUrgent = snapshotEveryMs !== null;
    }
    this.#hasAof = hasAof && isOn && !isRewriting(info);
    if (this.#hasAof && isWhole(seen)) await this.#noteAof(sinceMs, seen, info);
  }

  /** While it is rewritten the engine may be writing what nothing on disk belongs to yet. */
  async #noteAof(sinceMs: number, seen: ReplicationObserved | null, info: Info): Promise<void> {
    const now = this.#context.clock.monotonicMs();
    const base = baseName(this.#paths);
    const noted = readNote(this.#paths);
    const { epoch, offset } = positionOf(seen, info);
    const isSameBase = noted?.base === base && noted?.epoch === epoch;
    if (base === undefined || (isSameBase && (noted?.offset === offset || now < this.#noteAtMs))) return;
    this.#noteAtMs = now + noteEveryMs;
    await writeNote(this.#paths, { sinceMs, epoch, offset, base, bytes: Number(info.get("aof_current_size")) });
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
      isRelieved: seen?.role === "primary" && seen.replicas.some(({ state }) => state === "online"),
      jitter: this.#jitter,
    });
  }

  /** The position is that of the moment of the fork: the engine does nothing else between the two. */
  async #save(connection: EngineConnection, seen: ReplicationObserved | null): Promise<void> {
    const { clock, forks } = this.#context;
    if (!forks.take(this)) return;
    await rm(this.#paths.dumpPath, { force: true });
    try {
      const info = await connection.infos([["BGSAVE"]], ["replication"]);
      const position = positionOf(seen, info);
      this.#saving = { position, startedAtMs: clock.nowMs(), startedMonotonicMs: clock.monotonicMs() };
    } catch (error) {
      forks.giveBack(this);
      throw error;
    }
  }

  async #awaitSaving({ sinceMs, snapshotsMax }: PersistenceSpec, seen: ReplicationObserved | null, info: Info) {
    const { clock, forks, log, nodeId, onChange } = this.#context;
    const saving = this.#saving;
    if (saving === null || info.get("rdb_bgsave_in_progress") === "1") return;
    this.#saving = null;
    forks.giveBack(this);
    // A node that is copied to anew in between has written what belongs to nothing.
    if (!isWhole(seen)) return;
    if (!existsSync(this.#paths.dumpPath))
      return this.#fail("SnapshotFailed", reasonIn(readLogTail(this.#context.paths)));
    const durationMs = Math.round(clock.monotonicMs() - saving.startedMonotonicMs);
    const note = { ...saving.position, sinceMs, savedAtMs: saving.startedAtMs, endedAtMs: clock.nowMs(), durationMs };
    this.#newest = sealSnapshot(this.#paths, note) ?? null;
    this.#isUrgent = false;
    this.#failedAtMs = null;
    this.#problem = null;
    log.info({ nodeId, bytes: this.#newest?.bytes, durationMs }, "snapshot taken");
    onChange();
    await pruneSnapshots(this.#paths, sinceMs, Math.max(snapshotsMin, snapshotsMax));
    if (info.get("aof_enabled") === "0") await this.#forgetAof();
  }

  /** Nothing is to be kept any more. */
  async #cease(connection: EngineConnection, info: Info): Promise<void> {
    if (info.get("aof_enabled") === "1") await connection.ask("CONFIG", "SET", "appendonly", "no");
    this.#saving = null;
    this.#problem = null;
    this.#hasAof = false;
    this.#context.forks.giveBack(this);
    await this.#forgetAll();
  }

  async #forgetAll(): Promise<void> {
    this.#isBare = true;
    this.#newest = null;
    await this.#forgetAof();
    const { snapshotsDirectory, dumpPath } = this.#paths;
    for (const path of [snapshotsDirectory, dumpPath]) await rm(path, { recursive: true, force: true });
  }

  async #forgetAof(): Promise<void> {
    const { aofDirectory, aofNotePath } = this.#paths;
    // The note first: without it the files do not count.
    for (const path of [aofNotePath, aofDirectory]) await rm(path, { recursive: true, force: true });
  }

  #fail(code: string, message: string): void {
    const { clock, log, nodeId, onChange } = this.#context;
    this.#failures++;
    this.#failedAtMs = clock.nowMs();
    log.error({ nodeId, code, reason: message }, "persistence failed");
    this.#problem = { code, message };
    onChange();
  }
}

/** Whether it holds all of the cache's data as it is now. */
function isWhole(seen: ReplicationObserved | null): boolean {
  if (seen === null || seen.role === "primary") return true;
  return seen.role === "replica" && seen.inSync && seen.copiedEpoch === seen.epoch;
}

/** What a node alone has written is told by the time. */
function positionOf(seen: ReplicationObserved | null, info: Info): Pick<KeptPosition, "epoch" | "offset"> {
  const epoch = seen?.copiedEpoch ?? 0;
  return { epoch, offset: epoch === 0 ? 0 : Number(info.get("master_repl_offset")) };
}

function hasChild(info: Info): boolean {
  return info.get("rdb_bgsave_in_progress") === "1" || isRewriting(info);
}

function isRewriting(info: Info): boolean {
  return info.get("aof_rewrite_in_progress") === "1" || info.get("aof_rewrite_scheduled") === "1";
}

/** "123:C 22 Nov 2026 00:31:09.173 # Write error saving DB on disk: No space left on device" */
function reasonIn(logTail: string): string {
  const lines = logTail.split("\n").filter((line) => / # /.test(line));
  const last = lines.findLast((line) => /error|fail|can't/i.test(line) && !/Background saving error/.test(line));
  return last?.slice(last.indexOf(" # ") + 3) ?? "The engine could not save.";
}
