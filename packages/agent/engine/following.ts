/**
 * Until when a primary is known to have been followed: it notes at each look how far its stream is, and a replica that has
 * processed so much was there after that was written. Pure.
 *
 * The age of a replica's last word, as the engine tells it, would not do: it is in whole seconds, and a word that was
 * held up in the network counts as new when it comes.
 */
import type { ReplicationSeen } from "./replication-plan.ts";

/** Longer than anybody asks about. */
const keptMs = 5_000;

export class Following {
  /** Where the stream was, when it was first seen there; ascending. */
  #stream: { offset: number; atMs: number }[] = [];
  #followedAtMs = Number.NEGATIVE_INFINITY;

  get followedAtMs(): number {
    return this.#followedAtMs;
  }

  /** At each look. */
  see({ offset, replicas }: Pick<ReplicationSeen, "offset" | "replicas">, atMs: number): void {
    const online = replicas.filter(({ state }) => state === "online");
    if (this.#stream.at(-1)?.offset !== offset) this.#stream.push({ offset, atMs });
    this.#stream = this.#stream.filter((point) => point.offset <= offset && atMs - point.atMs <= keptMs);
    const processed = Math.max(...online.map((replica) => replica.offset));
    const reached = this.#stream.findLast((point) => point.offset <= processed);
    this.#followedAtMs = Math.max(this.#followedAtMs, reached?.atMs ?? Number.NEGATIVE_INFINITY);
  }
}
