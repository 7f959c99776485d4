/**
 * Carries the streams of a source's primaries to the node's feed, each in its order, and knows which byte of each is which byte of
 * the feed. A transaction of one, or a long command, is never mixed with what another one says.
 */
import { encodeRequest } from "@larder/resp";
import { CommandFrames } from "./command-frames.ts";
import type { SourceFollower } from "./source-follower.ts";
import { type Planned, StreamPlan, type StreamPlanOptions } from "./stream-plan.ts";
import { Turn } from "./turn.ts";

/** Where the bytes go. */
export interface PumpTarget {
  /** How many bytes it got since the copy. */
  readonly fed: number;
  /** Resolves when it has room for more. */
  send(bytes: Uint8Array): Promise<void>;
}

interface Lane {
  follower: SourceFollower;
  frames: CommandFrames;
  plan: StreamPlan;
  /** What becomes of the long command whose pieces come; null: none does. */
  long: "whole" | "nothing" | null;
  /** Ends its turn; null: it has none. */
  release: (() => void) | null;
}

/** That byte of the feed is that byte of the stream. */
interface Mark {
  fed: number;
  lane: Lane;
  offset: number;
}

/** Marks that the node has not reached. Past it every other is left out: the lag looks a little longer. */
const marksMax = 10_000;
const ping = encodeRequest(["PING"]);

export class StreamPump {
  readonly #lanes: Lane[];
  readonly #target: PumpTarget;
  readonly #signal: AbortSignal;
  readonly #turn = new Turn();
  #marks: Mark[] = [];
  /** What the node has selected; null: nobody knows. */
  #selected: number | null = null;

  constructor(
    followers: readonly SourceFollower[],
    target: PumpTarget,
    { plan, signal }: { plan: StreamPlanOptions; signal: AbortSignal },
  ) {
    this.#target = target;
    this.#signal = signal;
    this.#lanes = followers.map((follower) => this.#laneOf(follower, plan));
  }

  /** Ends with an error only: CannotFollow, BadStream, or that of a spool or of the target. */
  run(): Promise<never> {
    return Promise.race(this.#lanes.map((lane) => this.#runLane(lane)));
  }

  /** The node has processed so much of the feed. */
  processed(fed: number): void {
    let count = 0;
    for (const mark of this.#marks) {
      if (mark.fed > fed) break;
      mark.lane.follower.applied = mark.offset;
      count++;
    }
    this.#marks.splice(0, count);
  }

  /** Resolves when nothing is half said; nothing is said then until the hold is let go. */
  hold(): Promise<() => void> {
    return this.#turn.take();
  }

  /** The node follows anew, and has selected whatever its engine has one begin with. */
  begunAnew(): void {
    this.#selected = null;
  }

  /** An engine that hears nothing for a minute takes its primary for lost. */
  async ping(): Promise<void> {
    const release = await this.hold();
    try {
      await this.#target.send(ping);
    } finally {
      release();
    }
  }

  #laneOf(follower: SourceFollower, options: StreamPlanOptions): Lane {
    const plan = new StreamPlan(options);
    const frames = new CommandFrames({ offset: follower.copyAt?.offset ?? 0, isWhole: plan.isFiltered });
    return { follower, frames, plan, long: null, release: null };
  }

  async #runLane(lane: Lane): Promise<never> {
    for (;;) {
      const bytes = await lane.follower.stream.take(this.#signal);
      if (bytes === null) throw new Error("a stream of changes has an end");
      lane.frames.push(bytes);
      const before = lane.plan.selected;
      const pieces = this.#plan(lane);
      if (lane.plan.takeAsked()) lane.follower.acknowledge();
      lane.release ??= await this.#turn.take();
      // Inside of a transaction or a long command the lane has kept its turn, and the node what it selected.
      if (pieces.length > 0 && this.#selected !== before) pieces.unshift(encodeRequest(["SELECT", String(before)]));
      if (pieces.length > 0) this.#selected = lane.plan.selected;
      await this.#send(lane, pieces);
      if (lane.plan.isInTransaction || lane.long !== null) continue;
      lane.release();
      lane.release = null;
    }
  }

  #plan(lane: Lane): Uint8Array[] {
    const { frames, plan } = lane;
    const pieces: Uint8Array[] = [];
    for (let item = frames.next(); item !== null; item = frames.next()) {
      if (item.kind === "command") {
        const planned = plan.take(item.frame);
        pieces.push(...bytesOf(planned, item.frame.bytes));
        lane.long = item.frame.isLong ? longOf(planned) : null;
      } else if (item.kind === "piece") {
        if (lane.long === "whole") pieces.push(item.bytes);
        if (item.isLast) lane.long = null;
      }
    }
    return pieces;
  }

  async #send(lane: Lane, pieces: readonly Uint8Array[]): Promise<void> {
    if (pieces.length > 0) await this.#target.send(Buffer.concat(pieces));
    if (this.#marks.length >= marksMax) this.#marks = this.#marks.filter((_, index) => index % 2 === 1);
    this.#marks.push({ fed: this.#target.fed, lane, offset: lane.frames.offset });
  }
}

function bytesOf(planned: Planned, bytes: Buffer): Uint8Array[] {
  if (planned === "nothing") return [];
  return [planned === "whole" ? bytes : planned.bytes];
}

/** Of a long command only the whole or nothing can go on: what would have to be rewritten is gathered first. */
function longOf(planned: Planned): "whole" | "nothing" {
  if (typeof planned === "object") throw new Error("a long command that was rewritten");
  return planned;
}
