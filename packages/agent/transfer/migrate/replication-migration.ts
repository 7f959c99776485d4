/**
 * A migration by replication: finds the source's primaries, follows them, has a copy made (replicated-copy.ts), and makes another one
 * where that cannot be gone on with. Says once a second how far it is.
 */
import { LarderError, type RemoteServer } from "@larder/api";
import { showAddress, sourceLost } from "../remote/remote-socket.ts";
import { findPrimaries, type SourcePrimaries, type SourcePrimary } from "../remote/source-primaries.ts";
import type { LeadOrder, Transfer } from "../transfer.ts";
import { CopyPace } from "./copy-pace.ts";
import { atLast, inWords } from "./migration-error.ts";
import { migrationLimits } from "./migration-limits.ts";
import { NodeWatch } from "./node-watch.ts";
import { type MigrateContext, ReplicatedCopy } from "./replicated-copy.ts";
import { CopyIsLost, SourceFollower } from "./source-follower.ts";
import { SourceLane } from "./source-lane.ts";

const lookEveryMs = 1_000;
/** Every so many looks the node hears something of us: it gives up a primary that says nothing for a minute. */
const looksPerPing = 10;
/** Every so many, Sentinels or a cluster are asked who is primary now. */
const looksPerLocate = 5;
/** So much longer than the hand-over may take a source holds writes. */
const pauseMarginMs = 5_000;

export class ReplicationMigration implements Transfer {
  readonly #context: MigrateContext;
  #isPaused: boolean;
  #lanes: SourceLane[] = [];
  #copy: ReplicatedCopy | null = null;
  #found: SourcePrimaries | null = null;
  #isHurried = false;

  constructor(context: MigrateContext) {
    this.#context = context;
    this.#isPaused = context.spec.isPaused;
  }

  /** Resolves when the node leads. */
  async run(): Promise<void> {
    const { clock, progress, signal, log, spec, engine } = this.#context;
    for (let copies = 1; ; copies++) {
      // A source may have cut us off as we took too long.
      this.#isHurried = copies > 1;
      const beganMs = clock.monotonicMs();
      try {
        return await this.#copyAndFollow();
      } catch (error) {
        signal.throwIfAborted();
        const known = inWords(error);
        if (clock.monotonicMs() - beganMs > migrationLimits.steadyMs) copies = 0;
        const copiesMax = this.#found === null ? migrationLimits.firstTriesMax : migrationLimits.copiesMax;
        if (!known.isRetryable || copies >= copiesMax) throw atLast(known);
        log.warn({ transferId: spec.transferId, code: known.code, copies }, "a migration begins anew");
        progress.begin(engine.runId);
        progress.addCaveat(`Everything was copied anew: ${known.message}`);
        await clock.sleep(lookEveryMs * copies, signal);
      }
    }
  }

  want(spec: MigrateContext["spec"]): void {
    this.#isPaused = spec.isPaused;
    for (const { follower } of this.#lanes) follower.setResting(spec.isPaused);
  }

  async finish({ waitMs }: LeadOrder): Promise<void> {
    const { clock, spec, progress, engineNow, signal } = this.#context;
    const copy = this.#copy;
    if (copy?.isFollowing !== true) throw new LarderError("Conflict", "The copy is not complete yet.");
    if (this.#isPaused) throw new LarderError("Conflict", "The migration is paused.");
    // The order is repeated.
    if (copy.finishedAt !== null && engineNow()?.isIntake !== true) return;
    const untilMs = clock.monotonicMs() + waitMs;
    const pauseMs = spec.pausesSource ? waitMs + pauseMarginMs : null;
    try {
      // It was to lead before, and did not: the source has gone on since.
      if (copy.finishedAt !== null) await copy.goOn();
      const targets = this.#lanes.map(async (lane) => [lane.follower, await lane.target(pauseMs)] as const);
      const late = clock.sleep(waitMs, signal).then(() => Promise.reject(sourceLost("it does not answer in time.")));
      late.catch(() => {});
      await copy.finish(new Map(await Promise.race([Promise.all(targets), late])), untilMs);
      progress.place = copy.finishedAt;
    } catch (error) {
      await this.#releaseSources();
      if (error instanceof LarderError) throw error;
      const { message } = inWords(error);
      throw new LarderError("Conflict", `The source's last changes did not come: ${message}`, { cause: error });
    }
  }

  /** Where that cannot be, everything is copied anew. */
  goOn(): void {
    void this.#releaseSources();
    this.#context.progress.place = null;
    void this.#copy?.goOn();
  }

  async #releaseSources(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.release()));
  }

  async #copyAndFollow(): Promise<void> {
    const { spec, engine, progress } = this.#context;
    progress.enter("preparing", "asking the source");
    const attempt = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, attempt.signal]);
    const context = { ...this.#context, signal };
    const found = await findPrimaries(spec.source, signal);
    this.#found = found;
    const node = await NodeWatch.open(engine);
    let copying: Promise<unknown> = Promise.resolve();
    try {
      this.#lanes = found.primaries.map((primary, index) => this.#laneOf({ primary, index, signal }));
      const followers = this.#lanes.map(({ follower }) => follower);
      this.#copy = new ReplicatedCopy(context, { node, followers });
      this.#show();
      const following = followers.map((follower) => follower.run());
      copying = this.#copy.run();
      await Promise.race([this.#watch(node, signal), copying, ...following]);
    } finally {
      attempt.abort();
      this.#copy?.close();
      this.#copy = null;
      // Whoever fills the node next must be the only one.
      await copying.catch(() => {});
      await Promise.all(this.#lanes.splice(0).map((lane) => lane.close()));
      node.close();
    }
  }

  #laneOf({ primary, index, signal }: { primary: SourcePrimary; index: number; signal: AbortSignal }): SourceLane {
    const { spec, engine, clock, randomness } = this.#context;
    let known: SourcePrimary | null = primary;
    const locate = async () => {
      // The first time it has just been found.
      const now = known ?? (await this.#locate(primary.slots, signal));
      known = null;
      return now.address;
    };
    const name = `${spec.transferId}-${index}`;
    const onChange = () => this.#show();
    const place = { directory: engine.directory, name };
    const wanted = spec.pace ?? "auto";
    const pace = new CopyPace(wanted === "auto" && this.#isHurried ? "full" : wanted, clock);
    const options = { source: spec.source, locate, pace, ...place, clock, randomness, signal, onChange };
    const follower = new SourceFollower(options);
    follower.setResting(this.#isPaused);
    return new SourceLane(follower, spec.source, signal);
  }

  /** Who has now what a primary had. Throws CopyIsLost where the cluster is another. */
  async #locate(slots: string, signal: AbortSignal): Promise<SourcePrimary> {
    const found = await findPrimaries(this.#sourceNow(), signal);
    const same = found.primaries.find((primary) => primary.slots === slots);
    if (same !== undefined && found.primaries.length === this.#found?.primaries.length) return same;
    throw new CopyIsLost("Slots of the source cluster have moved to other primaries.");
  }

  /** Any node of a cluster may have gone: those that were found can be asked as well as those that were named. */
  #sourceNow(): RemoteServer {
    const { source } = this.#context.spec;
    if (this.#found?.topology !== "cluster") return source;
    return { ...source, addresses: [...source.addresses, ...this.#found.primaries.map(({ address }) => address)] };
  }

  /** Resolves when the node leads. */
  async #watch(node: NodeWatch, signal: AbortSignal): Promise<void> {
    const { clock, engineNow } = this.#context;
    for (let looks = 1; ; looks++) {
      await clock.sleep(lookEveryMs, signal);
      signal.throwIfAborted();
      if (this.#copy?.finishedAt != null) {
        if (engineNow()?.isIntakeByDocument === false) return;
        continue;
      }
      if (looks % looksPerLocate === 0) await this.#followPrimaries(signal);
      if (looks % looksPerPing === 0) await this.#copy?.ping();
      await this.#look(node);
    }
  }

  async #look(node: NodeWatch): Promise<void> {
    const { progress, engine, clock } = this.#context;
    const written = await Promise.all(this.#lanes.map((lane) => lane.written()));
    await this.#copy?.look();
    const atMs = clock.monotonicMs();
    for (const [index, { lag, follower }] of this.#lanes.entries())
      lag.look({ written: written[index] ?? 0, applied: follower.applied, atMs });
    progress.keys = await node.keys();
    if (this.#copy?.isFollowing === true) {
      progress.lagBytes = this.#lanes.reduce((sum, { lag }) => sum + lag.bytes, 0);
      progress.lagMs = Math.max(...this.#lanes.map(({ lag }) => lag.ms));
      progress.bytesTotal = null;
      await node.requireNoneRefused();
    } else {
      const sizes = this.#lanes.map(({ follower }) => follower.copyBytes);
      progress.bytesTotal = sizes.includes(null) ? null : sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
    }
    await node.requireRoom(engine.memoryBytesMax);
    this.#show();
  }

  /** A primary that was replaced may go on talking to us for a while. */
  async #followPrimaries(signal: AbortSignal): Promise<void> {
    if (this.#found === null || this.#found.topology === "standalone") return;
    const now = await findPrimaries(this.#sourceNow(), signal).catch(() => null);
    if (now === null) return;
    for (const [index, { follower }] of this.#lanes.entries()) {
      const slots = this.#found.primaries[index]?.slots;
      const same = now.primaries.find((primary) => primary.slots === slots);
      if (same === undefined || now.primaries.length !== this.#lanes.length)
        throw new CopyIsLost("Slots of the source cluster have moved to other primaries.");
      if (follower.address !== null && showAddress(same.address) !== showAddress(follower.address)) follower.leave();
    }
  }

  #show(): void {
    const { progress } = this.#context;
    const isFollowing = this.#copy?.isFollowing === true;
    const followers = this.#lanes.map(({ follower }) => follower);
    const away = followers.find(({ state }) => state === "away");
    const names = followers.map(({ address }) => (address === null ? "the source" : showAddress(address))).join(", ");
    if (followers.length > 0 && followers.every((follower) => follower.isAtRest))
      return progress.enter("paused", "its place in the source's stream is kept");
    const doing = isFollowing ? `following ${names}` : `copying from ${names}, by replication`;
    const state = isFollowing ? "following" : "running";
    progress.enter(state, away === undefined ? doing : `trying to reach the source again: ${away.trouble}`);
  }
}
