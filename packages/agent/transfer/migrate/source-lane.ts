/** One primary of a source: its stream, and the questions beside it. */
import type { RemoteServer } from "@larder/api";
import { sourceLost } from "../remote/remote-socket.ts";
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

  /**
   * What has to be applied before the node may lead. With `pauseMs` nothing is written behind that for so long. Throws SourceLost
   * where nothing comes from it: how much it has written since is not known.
   */
  async target(pauseMs: number | null): Promise<number> {
    const { address, state, trouble } = this.follower;
    if (state !== "following") throw sourceLost(`Nothing comes from it: ${trouble ?? state}`);
    if (address === null) return this.follower.received;
    this.#isHeld = pauseMs !== null;
    const seen = await (pauseMs === null ? this.#watch.look(address) : this.#watch.pause(address, pauseMs));
    if (seen.isReplica) throw new CopyIsLost("The source has become a replica of another server.");
    return Math.max(seen.offset ?? 0, this.follower.received);
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
