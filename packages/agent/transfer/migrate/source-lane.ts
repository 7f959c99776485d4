/** One primary of a source: its stream, and the questions beside it. */
import type { RemoteServer } from "@larder/api";
import { Lag } from "./lag.ts";
import { CopyIsLost, type SourceFollower } from "./source-follower.ts";
import { SourceWatch } from "./source-watch.ts";

export class SourceLane {
  readonly follower: SourceFollower;
  readonly lag = new Lag();
  readonly #watch: SourceWatch;
  #isHeld = false;

  constructor(follower: SourceFollower, source: RemoteServer, signal: AbortSignal) {
    this.follower = follower;
    this.#watch = new SourceWatch(source, signal);
  }

  /** How much it has written, as far as it can be asked. Throws CopyIsLost for one that follows somebody now. */
  async written(): Promise<number> {
    const { address, received } = this.follower;
    if (address === null) return received;
    const seen = await this.#watch.look(address).catch(() => null);
    if (seen?.isReplica === true) throw new CopyIsLost("The source has become a replica of another server.");
    return Math.max(seen?.offset ?? 0, received);
  }

  /** What has to be applied before the node may lead. With `pauseMs` nothing is written behind that for so long. */
  async target(pauseMs: number | null): Promise<number> {
    const { address } = this.follower;
    if (pauseMs === null || address === null) return this.written();
    this.#isHeld = true;
    const { offset } = await this.#watch.pause(address, pauseMs);
    return offset ?? this.follower.received;
  }

  /** Its clients may write again. One that cannot be reached lets them by itself, when the time is over. */
  async release(): Promise<void> {
    const { address } = this.follower;
    if (!this.#isHeld || address === null) return;
    this.#isHeld = false;
    await this.#watch.release(address).catch(() => {});
  }

  async close(): Promise<void> {
    this.#watch.close();
    await this.follower.close();
  }
}
