/**
 * Copies the append-only files of the node that leads to storage while it runs, a part for each interval.
 *
 * The leader does it, where snapshots are left to replicas: it is always one, its files are the newest, and reading what has just
 * been written needs no fork. Whoever leads next begins with a base of its own, and goes on with what is in storage of itself
 * only once it has compared that with its files.
 */
import type { CacheId, NodeId, PersistenceSpec, ReplicationObserved } from "@larder/api";
import { openFolder } from "@larder/storage";
import type { CopiesContext } from "../copies.ts";
import { copiesPrefix } from "../copy-name.ts";
import { hasAofOn, type Info, positionOf } from "../engine-facts.ts";
import type { KeptPosition } from "../kept-position.ts";
import type { KeepingPaths } from "../node-keeping.ts";
import type { Problems } from "../problems.ts";
import {
  type Draft,
  emptyDraft,
  isPublished,
  type LocalFiles,
  nextStep,
  setOf,
  supersededParts,
  withPart,
} from "./aof-copy-plan.ts";
import { type AofSet, partsOf } from "./aof-set.ts";
import { AofSets } from "./aof-sets.ts";
import { isCutOff, localFiles, stillTrue } from "./local-files.ts";

export interface AofCopierContext extends CopiesContext {
  nodeId: NodeId;
  paths: KeepingPaths;
  problems: Problems;
  onChange: () => void;
}

/** What is to be copied now. */
export interface AofSeen {
  persistence: PersistenceSpec;
  cacheId: CacheId;
  seen: ReplicationObserved | null;
  info: Info;
  /** What is answered is in the files that the engine's manifest names. */
  isInForce: boolean;
}

/** So much at most becomes one part. It is streamed: memory does not depend on it. */
const partBytesMax = 64 * 1024 * 1024;
/** After a failure, which is what is left of several attempts. */
const againMs = 15_000;

interface Run {
  abort: AbortController;
  ended: Promise<void>;
}

interface Job {
  sets: AofSets;
  cacheId: CacheId;
  files: LocalFiles;
  position: KeptPosition;
  signal: AbortSignal;
}

export class AofCopier {
  readonly #context: AofCopierContext;
  #run: Run | null = null;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  /** The leader's epoch in which the files were seen in force. */
  #inForceIn: number | null = null;
  #place = "";
  /** null: not compared with the files yet. */
  #draft: Draft | null = null;
  #published: AofSet | null = null;
  #isSwept = false;
  #copied: { sinceMs: number; atMs: number } | null = null;

  constructor(context: AofCopierContext) {
    this.#context = context;
  }

  copiedAtMs({ sinceMs }: PersistenceSpec): number | null {
    return this.#copied?.sinceMs === sinceMs ? this.#copied.atMs : null;
  }

  /** It is not at the storage. */
  get isIdle(): boolean {
    return this.#run === null;
  }

  /** Another life may have cut off what was copied. */
  begins(): void {
    this.#rest();
  }

  attend(facts: AofSeen): void {
    const { persistence, seen, info } = facts;
    const everyMs = persistence.aofCopyEveryMs;
    // An older controller does not speak of it.
    if (everyMs == null || persistence.copyTo === null) return this.#rest();
    if (!this.#mayCopy(facts)) {
      this.#context.problems.works("copy");
      return this.#rest();
    }
    const place = JSON.stringify([persistence.sinceMs, persistence.copyTo]);
    if (place !== this.#place) this.#rest();
    this.#place = place;
    const { clock, paths } = this.#context;
    const now = clock.monotonicMs();
    const files = this.#run === null && now >= this.#notBeforeMs ? localFiles(paths, sizeIn(info)) : undefined;
    if (files === undefined) return;
    this.#notBeforeMs = now + everyMs;
    const position = { ...writtenIn(seen, info), savedAtMs: clock.nowMs() };
    const abort = new AbortController();
    const ended = this.#copy(facts, { files, position, signal: abort.signal }).finally(() => {
      if (this.#run?.abort === abort) this.#run = null;
    });
    this.#run = { abort, ended };
  }

  async stop(): Promise<void> {
    const ended = this.#run?.ended;
    this.#rest();
    await ended;
  }

  /** Also during a rewrite, where the manifest names what was written before it and since; but for the first of a life or leader. */
  #mayCopy({ persistence, seen, info, isInForce }: AofSeen): boolean {
    const leads = seen === null || seen.role === "primary";
    const isWritten = hasAofOn(info) && info.get("aof_last_write_status") === "ok";
    const { epoch } = positionOf(seen, info);
    if (!persistence.hasAof || !leads || !isWritten) this.#inForceIn = null;
    else if (isInForce) this.#inForceIn = epoch;
    return this.#inForceIn === epoch;
  }

  #rest(): void {
    this.#run?.abort.abort();
    this.#draft = null;
    this.#published = null;
    this.#isSwept = false;
  }

  /** Never rejects. */
  async #copy({ persistence, cacheId }: AofSeen, about: Pick<Job, "files" | "position" | "signal">): Promise<void> {
    const { clock, problems } = this.#context;
    const { copyTo, sinceMs } = persistence;
    if (copyTo === null) return;
    try {
      const storage = openFolder(copyTo, this.#context);
      try {
        const sets = new AofSets(storage, copiesPrefix(cacheId, sinceMs));
        if (!(await this.#bringUpToDate({ ...about, sets, cacheId }))) return;
      } finally {
        storage.close();
      }
      this.#copied = { sinceMs, atMs: about.position.savedAtMs };
      problems.works("copy");
      problems.works("restore");
    } catch (error) {
      // What a rewrite has removed meanwhile is not missed: its increments are in the new base.
      if (about.signal.aborted || (error as NodeJS.ErrnoException).code === "ENOENT") return;
      this.#notBeforeMs = Math.max(this.#notBeforeMs, clock.monotonicMs() + againMs);
      const reason = error instanceof Error ? error.message : String(error);
      problems.failed("copy", `The append-only files could not be copied: ${reason}`);
    }
  }

  /** Returns false where the files are no longer those that were copied. */
  async #bringUpToDate(job: Job): Promise<boolean> {
    const { nodeId, paths } = this.#context;
    const { sets, files, signal } = job;
    let draft = this.#draft ?? (await this.#resume(sets, signal));
    if (isCutOff(paths, draft)) {
      this.#draft = null;
      return false;
    }
    for (let step = nextStep(draft, files, partBytesMax); step; step = nextStep(draft, files, partBytesMax)) {
      const part = await sets.putPart(paths.aofDirectory, step, { nodeId, number: draft.next, signal });
      draft = withPart(draft, step, part);
      signal.throwIfAborted();
      this.#draft = draft;
    }
    await this.#publish(draft, job);
    return true;
  }

  /** With what storage has of this node, as far as its files still begin with that. */
  async #resume(sets: AofSets, signal: AbortSignal): Promise<Draft> {
    const published = await sets.read(this.#context.nodeId, signal);
    const draft = published === undefined ? emptyDraft : await stillTrue(published, this.#context.paths, signal);
    signal.throwIfAborted();
    this.#published = published ?? null;
    this.#draft = draft;
    return draft;
  }

  async #publish(draft: Draft, { sets, cacheId, files, position, signal }: Job): Promise<void> {
    const { nodeId, clock, onChange } = this.#context;
    const before = this.#published;
    const savedAtMs = Math.max(position.savedAtMs, (before?.savedAtMs ?? 0) + 1);
    const set = setOf(draft, files, { ...position, savedAtMs });
    if (isPublished(set, before) && this.#isSwept) return;
    await sets.publish(set, { cacheId, nodeId }, signal);
    signal.throwIfAborted();
    this.#published = set;
    this.#draft = { base: set.base, increments: set.increments, next: set.next };
    onChange();
    if (before !== null) await sets.removeParts(nodeId, supersededParts(partsOf(before), partsOf(set)), signal);
    if (!this.#isSwept || before?.base.file !== set.base.file)
      await sets.sweep(set, { nodeId, nowMs: clock.nowMs() }, signal);
    this.#isSwept = true;
  }
}

/** What is on its way to the files is not counted. */
function writtenIn(seen: ReplicationObserved | null, info: Info): Pick<KeptPosition, "epoch" | "offset"> {
  const { epoch, offset } = positionOf(seen, info);
  return { epoch, offset: Math.max(0, offset - Number(info.get("aof_buffer_length") ?? 0)) };
}

function sizeIn(info: Info): number {
  return Number(info.get("aof_current_size"));
}
