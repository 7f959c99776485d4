/**
 * The append-only files of a running engine: on or off as wanted, and a note of how far they are.
 *
 * An engine that cannot write them refuses writes, by its own doing: none is acknowledged that would not last. What it has
 * written stays when they are turned off, until there is a snapshot in its place.
 */
import { rm } from "node:fs/promises";
import type { PersistenceSpec, ReplicationObserved } from "@larder/api";
import type { Clock } from "@larder/service";
import type { EngineConnection } from "../engine/ask.ts";
import { dropBefore } from "./aof-copies/aof-restore.ts";
import { baseName, readNote, writeNote } from "./append-only-files.ts";
import { hasAofOn, type Info, isRewriting, isWhole, positionOf } from "./engine-facts.ts";
import type { KeepingPaths } from "./node-keeping.ts";
import type { Problems } from "./problems.ts";

const noteEveryMs = 2_000;

export class AofKeeper {
  readonly #paths: KeepingPaths;
  readonly #clock: Clock;
  readonly #problems: Problems;
  #noteAtMs = Number.NEGATIVE_INFINITY;
  #isInForce = false;

  constructor(paths: KeepingPaths, clock: Clock, problems: Problems) {
    this.#paths = paths;
    this.#clock = clock;
    this.#problems = problems;
  }

  /** Whether what is answered is in the files, but for the last second. */
  get isInForce(): boolean {
    return this.#isInForce;
  }

  begins(): void {
    this.#isInForce = false;
    this.#noteAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Returns whether they were turned off just now. */
  async keep(
    connection: EngineConnection,
    { hasAof, sinceMs }: PersistenceSpec,
    seen: ReplicationObserved | null,
    info: Info,
  ): Promise<boolean> {
    const isOn = hasAofOn(info);
    this.#isInForce = hasAof && isOn && !isRewriting(info) && info.get("aof_last_write_status") === "ok";
    if (isOn && !hasAof) await connection.ask("CONFIG", "SET", "appendonly", "no");
    // A node without a whole copy would write down what is not the cache's data.
    else if (hasAof && !isOn && isWhole(seen)) await this.#turnOn(connection, sinceMs);
    else if (this.#isInForce && isWhole(seen)) await this.#note(sinceMs, seen, info);
    if (isOn) this.#judge(info);
    return isOn && !hasAof;
  }

  async forget(): Promise<void> {
    const { aofDirectory, aofNotePath } = this.#paths;
    this.#isInForce = false;
    this.#problems.works("aof");
    await dropBefore(this.#paths);
    // The note first: without it the files do not count.
    for (const path of [aofNotePath, aofDirectory]) await rm(path, { recursive: true, force: true });
  }

  /** The files count from the end of the first rewrite on, as there is no manifest before. */
  async #turnOn(connection: EngineConnection, sinceMs: number): Promise<void> {
    if (readNote(this.#paths)?.sinceMs !== sinceMs)
      await writeNote(this.#paths, { sinceMs, epoch: 0, offset: 0, base: "", bytes: 0 });
    await connection.ask("CONFIG", "SET", "appendonly", "yes");
  }

  /** Not during a rewrite: the engine may then be writing what belongs to nothing on disk yet. */
  async #note(sinceMs: number, seen: ReplicationObserved | null, info: Info): Promise<void> {
    const now = this.#clock.monotonicMs();
    const base = baseName(this.#paths);
    const noted = readNote(this.#paths);
    const { epoch, offset } = positionOf(seen, info);
    const isSameBase = noted?.base === base && noted?.epoch === epoch;
    if (base === undefined || (isSameBase && (noted?.offset === offset || now < this.#noteAtMs))) return;
    this.#noteAtMs = now + noteEveryMs;
    await writeNote(this.#paths, { sinceMs, epoch, offset, base, bytes: Number(info.get("aof_current_size")) });
  }

  #judge(info: Info): void {
    if (info.get("aof_last_write_status") !== "ok")
      this.#problems.failed("aof", "The append-only file cannot be written. Writes are refused until it can.");
    else if (info.get("aof_last_bgrewrite_status") !== "ok")
      this.#problems.failed("aof", "The append-only files cannot be rewritten, and grow.");
    else this.#problems.works("aof");
  }
}
