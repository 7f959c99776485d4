/**
 * What one node keeps: what each life of its engine begins with, and what is kept of it while it runs. It is looked after by
 * the node's supervisor.
 *
 *   a life begins     with the newest that the folder has, or, where nobody leads the cache, that storage has
 *   it cannot load    what is damaged is kept aside, and the one before it is taken
 *   it runs           snapshots, append-only files, copies in storage
 *   nobody leads      a node whose memory holds less than what is kept begins another life with that
 *   it ends as asked  what is not kept yet is, before
 *
 * Invariants: an older dataset never takes the place of a newer one; nothing is removed before what replaces it is on disk;
 * and a node without a whole copy of its cache's data writes down nothing.
 */
import type {
  EngineFound,
  NodeId,
  NodeSpec,
  PersistenceObserved,
  PersistenceSpec,
  ReplicationObserved,
  RestoredData,
} from "@larder/api";
import type { Log } from "@larder/service";
import { type EngineConnection, EngineRefused } from "../engine/ask.ts";
import { type NodePaths, type NodeRecord, readLogTail } from "../node-folder.ts";
import { AofCopier, type AofSeen } from "./aof-copies/aof-copier.ts";
import { dropBefore, takeBack } from "./aof-copies/aof-restore.ts";
import { AofRetirement } from "./aof-copies/aof-retirement.ts";
import { AofKeeper } from "./aof-keeper.ts";
import { readAof } from "./append-only-files.ts";
import { chooseSource, type Source } from "./beginning.ts";
import { Copier } from "./copier.ts";
import type { CopiesContext } from "./copies.ts";
import { CopyFinder } from "./copy-finder.ts";
import { restoredFrom } from "./copy-name.ts";
import { damageOf } from "./damage.ts";
import { endBySaving, takeEnding } from "./ending.ts";
import { factsSections, hasAofOn, isWhole, reasonIn } from "./engine-facts.ts";
import type { ForkTurn } from "./fork-turn.ts";
import { byNewest, type KeptPosition } from "./kept-position.ts";
import { type KeepingPaths, keepingPaths } from "./node-keeping.ts";
import { Problems } from "./problems.ts";
import { keepAside } from "./repair.ts";
import { SnapshotTaker } from "./snapshot-taker.ts";
import { listSnapshots } from "./snapshots.ts";
import { listUnreadable, type SetAside } from "./unreadable.ts";

export interface PersistenceContext extends CopiesContext {
  nodeId: NodeId;
  paths: NodePaths;
  log: Log;
  /** Something that the agent reports has changed. */
  onChange: () => void;
  /** Of the host. */
  forks: ForkTurn;
}

/** What is asked of the node's engine. */
export interface KeptEngine {
  readonly record: NodeRecord | null;
  readonly isConnected: boolean;
  /** Throws EngineUnreachable. */
  readonly connection: EngineConnection;
  readonly loading: PersistenceObserved["loading"];
  isAlive(): Promise<boolean>;
  replicationObserved(): ReplicationObserved | null;
}

const lookEveryMs = 1_000;

export class NodePersistence {
  readonly #context: PersistenceContext;
  readonly #paths: KeepingPaths;
  readonly #problems: Problems;
  readonly #aof: AofKeeper;
  readonly #snapshots: SnapshotTaker;
  readonly #copier: Copier;
  readonly #aofCopier: AofCopier;
  readonly #aofRetirement: AofRetirement;
  readonly #copies: CopyFinder;
  readonly #stopped = new AbortController();
  /** What the present life began with, or the next is to. */
  #source: Source | null = null;
  /** Nothing is to be kept, and nothing is. */
  #isBare = false;
  #setAside: SetAside[];
  #lookAtMs = Number.NEGATIVE_INFINITY;
  /** The leader after whose end it was last looked whether there is anything newer; 0 where no leader was. */
  #lookedAfter: number | null = null;
  #looking: Promise<void> | null = null;
  /** What the append-only files of this life have taken the place of is removed. */
  #hasDropped = false;
  /** Newer than what the present life holds. */
  #coming: RestoredData | null = null;

  constructor(context: PersistenceContext) {
    const { nodeId, clock, randomness, log, forks, onChange } = context;
    const paths = keepingPaths(context.paths.directory);
    const problems = new Problems(log.child({ nodeId }), onChange);
    const logTail = () => readLogTail(context.paths);
    this.#context = context;
    this.#paths = paths;
    this.#problems = problems;
    this.#aof = new AofKeeper(paths, clock, problems);
    const taking = { paths, clock, randomness, forks, problems, logTail, onChange, log: log.child({ nodeId }) };
    this.#snapshots = new SnapshotTaker(taking);
    this.#copier = new Copier({ ...context, paths, problems });
    this.#aofCopier = new AofCopier({ ...context, paths, problems });
    this.#aofRetirement = new AofRetirement(context);
    const { signal } = this.#stopped;
    this.#copies = new CopyFinder({ ...context, paths, problems, snapshots: this.#snapshots, signal });
    this.#setAside = listUnreadable(paths);
  }

  /** What the present life began with, or the next is to. */
  get restored(): RestoredData | null {
    return this.#coming ?? this.#source?.restored ?? null;
  }

  /** What is kept is newer than what the present life holds. */
  get isToBeginAnew(): boolean {
    return this.#coming !== null;
  }

  /** Of a node that is wanted; null where nothing is to be kept. */
  observed(spec: NodeSpec | undefined, loading: PersistenceObserved["loading"]): PersistenceObserved | null {
    const persistence = spec && persistenceOf(spec);
    if (spec === undefined || !persistence) return null;
    const { newest } = this.#snapshots;
    return {
      loading,
      lastSnapshot: newest && { endedAtMs: newest.endedAtMs, durationMs: newest.durationMs, bytes: newest.bytes },
      failures: this.#problems.failures,
      hasAof: this.#aof.isInForce,
      hasLooked: this.#hasLooked(spec),
      copiedAtMs: this.#copierFor(persistence).copiedAtMs(persistence),
      setAside: this.#setAside,
      problem: this.#problems.gravest,
    };
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all([this.#copier.stop(), this.#aofCopier.stop(), this.#aofRetirement.stop(), this.#looking]);
  }

  #copierFor({ aofCopyEveryMs }: PersistenceSpec): Copier | AofCopier {
    return aofCopyEveryMs == null ? this.#copier : this.#aofCopier;
  }

  // ── the beginning of a life ────────────────────────────────────────────────────────────────────────────────────────

  /** What the next life is to begin with. Throws ServiceUnavailable where only storage knows, and does not answer. */
  async choose(spec: NodeSpec): Promise<Source | null> {
    const persistence = persistenceOf(spec);
    this.#source = null;
    this.#coming = null;
    this.#lookAtMs = Number.NEGATIVE_INFINITY;
    this.#aof.begins();
    this.#aofCopier.begins();
    this.#hasDropped = false;
    await takeBack(this.#paths);
    if (persistence === null) await this.#forgetAll();
    else {
      await this.#sealEnding(persistence);
      this.#source = await this.#newestOf(spec, persistence);
    }
    this.#snapshots.begins(persistence?.sinceMs ?? null);
    return this.#source;
  }

  async #newestOf(spec: NodeSpec, persistence: PersistenceSpec): Promise<Source | null> {
    const own = this.#own(persistence);
    // What a node alone has is as new as its copies.
    const mayBeOlder = own === undefined || spec.replication !== null;
    if (!persistence.takesCopy || !mayBeOlder) return own ?? null;
    const hasBrought = await this.#copies.bringNewest(spec, persistence, own?.restored);
    this.#lookedAfter = leaderEpochOf(spec);
    if (!hasBrought) return own ?? null;
    const brought = this.#own(persistence);
    return brought === undefined ? null : { ...brought, restored: { ...brought.restored, from: "copy" } };
  }

  #own({ sinceMs }: PersistenceSpec): Source | undefined {
    return chooseSource(readAof(this.#paths, sinceMs), listSnapshots(this.#paths, sinceMs));
  }

  /** The life is over: the next may begin with what it has kept. */
  ended(spec: NodeSpec): void {
    const persistence = persistenceOf(spec);
    this.#source = persistence === null ? null : (this.#own(persistence) ?? null);
  }

  /** The life ended while it loaded. What is damaged does not come into the way of the next. */
  async examine(engine: EngineFound): Promise<void> {
    const source = this.#source;
    if (source === null) return;
    const about = { engine, paths: this.#paths, logTail: readLogTail(this.#context.paths) };
    const reason = await damageOf(source, about);
    if (reason === undefined) return;
    const { clock, log, nodeId, onChange } = this.#context;
    log.error({ nodeId, kind: source.kind, reason }, "what was kept cannot be read and is kept aside");
    this.#copies.distrust(source);
    await keepAside(source, { engine, paths: this.#paths, reason, nowMs: clock.nowMs() });
    await takeBack(this.#paths);
    this.#setAside = listUnreadable(this.#paths);
    onChange();
  }

  // ── while it runs ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** As often as is needed. Throws EngineUnreachable. */
  async attend(engine: KeptEngine, spec: NodeSpec): Promise<void> {
    const { connection, record } = engine;
    const seen = engine.replicationObserved();
    const restored = record?.restored ?? null;
    const now = this.#context.clock.monotonicMs();
    const persistence = persistenceOf(spec);
    if (persistence !== null) this.#lookForNewer(spec, persistence, seen, restored);
    if (now < this.#lookAtMs || (persistence === null && this.#isBare)) return;
    this.#lookAtMs = now + lookEveryMs;
    try {
      if (persistence === null) await this.#cease(connection);
      else await this.#keep(connection, spec, persistence, seen);
    } catch (error) {
      if (!(error instanceof EngineRefused)) throw error;
      this.#problems.failed("snapshot", error.message);
    }
  }

  /** All data was removed on purpose: that is to be so after a crash, too. */
  flushed(): void {
    this.#snapshots.hurry();
  }

  async #keep(
    connection: EngineConnection,
    spec: NodeSpec,
    persistence: PersistenceSpec,
    seen: ReplicationObserved | null,
  ): Promise<void> {
    this.#isBare = false;
    if (!persistence.takesCopy) this.#problems.works("restore");
    const info = await connection.infos([], factsSections);
    if (await this.#aof.keep(connection, persistence, seen, info)) this.#snapshots.hurry();
    const taken = await this.#snapshots.attend(connection, persistence, seen, info);
    if (taken !== undefined && !hasAofOn(info)) await this.#aof.forget();
    const { isInForce } = this.#aof;
    if (isInForce && !this.#hasDropped) await dropBefore(this.#paths);
    this.#hasDropped ||= isInForce;
    this.#copy({ persistence, cacheId: spec.cacheId, seen, info, isInForce });
  }

  /** The node's append-only files in storage are put there, or removed, never both at a time. */
  #copy(facts: AofSeen): void {
    const { persistence, cacheId } = facts;
    const copiesAof = persistence.aofCopyEveryMs != null;
    if (!copiesAof) this.#copier.attend(this.#snapshots.newest, persistence, cacheId);
    if (!this.#aofRetirement.isUnderWay) this.#aofCopier.attend(facts);
    if (copiesAof) this.#aofRetirement.reset();
    else if (this.#aofCopier.isIdle)
      this.#aofRetirement.attend(persistence, cacheId, this.#copier.copiedAtMs(persistence));
  }

  async #cease(connection: EngineConnection): Promise<void> {
    const info = await connection.infos([], ["persistence"]);
    if (hasAofOn(info)) await connection.ask("CONFIG", "SET", "appendonly", "no");
    await this.#forgetAll();
  }

  async #forgetAll(): Promise<void> {
    await this.#aof.forget();
    await this.#snapshots.forget();
    this.#problems.clear();
    this.#isBare = true;
  }

  // ── nobody leads ───────────────────────────────────────────────────────────────────────────────────────────────────

  #hasLooked(spec: NodeSpec): boolean {
    return spec.replication?.leader?.endedAtMs == null || this.#lookedAfter === leaderEpochOf(spec);
  }

  /** Storage may be slow, and a supervisor has other things to do meanwhile. */
  #lookForNewer(
    spec: NodeSpec,
    persistence: PersistenceSpec,
    seen: ReplicationObserved | null,
    restored: RestoredData | null,
  ): void {
    const leader = spec.replication?.leader ?? null;
    const isStopped = seen?.role === "detached" && seen.epoch === leader?.epoch;
    if (!isStopped || this.#looking !== null || this.isToBeginAnew || this.#hasLooked(spec)) return;
    const holds = heldBy(seen, restored);
    this.#looking = this.#look(spec, persistence, { holds, isAsBegun: restored !== null })
      .catch(() => {})
      .finally(() => {
        this.#looking = null;
        this.#context.onChange();
      });
  }

  /** Throws ServiceUnavailable. */
  async #look(
    spec: NodeSpec,
    persistence: PersistenceSpec,
    { holds, isAsBegun }: { holds: KeptPosition | null; isAsBegun: boolean },
  ): Promise<void> {
    // A life that is as it began has begun with the newest of the folder.
    const own = isAsBegun ? undefined : this.#own(persistence)?.restored;
    const copy = persistence.takesCopy ? await this.#copies.newest(spec, persistence, holds !== null) : undefined;
    const inStorage = copy && restoredFrom(copy);
    const kept = [own, inStorage].filter((one) => one !== undefined).sort(byNewest)[0];
    if (kept !== undefined && (holds === null || byNewest(kept, holds) < 0)) this.#coming = kept;
    else this.#lookedAfter = leaderEpochOf(spec);
  }

  // ── the end that was asked for ─────────────────────────────────────────────────────────────────────────────────────

  /**
   * Saves what is not kept yet, where the engine then ends by itself. Append-only files are complete when it ends. A save
   * that fails is a problem, and no reason to stay.
   */
  async saveAndEnd(engine: KeptEngine, spec: NodeSpec | undefined): Promise<void> {
    const persistence = spec ? persistenceOf(spec) : null;
    if (persistence === null || !engine.isConnected) return;
    try {
      await this.#saveAndEnd(engine, persistence);
    } catch (error) {
      const { log, nodeId } = this.#context;
      log.error({ nodeId, err: error }, "the node could not be saved before its end");
    }
  }

  async #saveAndEnd(engine: KeptEngine, persistence: PersistenceSpec): Promise<void> {
    const { connection } = engine;
    const seen = engine.replicationObserved();
    if (!isWhole(seen)) return;
    const info = await connection.infos([], factsSections);
    const isKept = info.get("rdb_changes_since_last_save") === "0" && this.#snapshots.newest !== null;
    if (this.#aof.isInForce || isKept) return;
    const isAlive = () => engine.isAlive();
    const { clock } = this.#context;
    await endBySaving(connection, { seen, isAofOn: hasAofOn(info), isAlive, paths: this.#paths, clock });
    if (!(await this.#sealEnding(persistence)))
      this.#problems.failed(
        "snapshot",
        reasonIn(readLogTail(this.#context.paths), "It could not be saved at its end."),
      );
  }

  /** Also of an engine that took longer than its agent had: the next agent finds it. */
  async #sealEnding(persistence: PersistenceSpec): Promise<boolean> {
    const ending = takeEnding(this.#paths);
    return ending !== undefined && (await this.#snapshots.seal(ending, persistence)) !== undefined;
  }
}

/** What is in memory: a copy of a leader's data, or what it began with; null: nothing that counts. */
function heldBy(seen: ReplicationObserved | null, restored: RestoredData | null): KeptPosition | null {
  if (seen !== null && seen.copiedEpoch > 0)
    return { epoch: seen.copiedEpoch, offset: seen.offset, savedAtMs: Number.POSITIVE_INFINITY };
  return restored;
}

/** A node that is being filled with other data has nothing to keep yet. */
function persistenceOf({ persistence, isIntake }: NodeSpec): PersistenceSpec | null {
  return isIntake ? null : persistence;
}

function leaderEpochOf({ replication }: NodeSpec): number {
  return replication?.leader?.epoch ?? 0;
}
