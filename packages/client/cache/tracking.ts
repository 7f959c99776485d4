/**
 * What a server tells of changes, handed to all caches of this process that use it, and the heartbeat that proves that it is still heard: a question
 * whose answer comes behind everything that was said before it. One for each server.
 */
import type { Clock } from "../clock.ts";
import { Unsupported } from "../connection/connection.ts";
import type { Server } from "../connection/server.ts";
import { serverMsOf } from "../connection/time-reply.ts";

export interface TrackingMember {
  /** How long its first level may be believed after a heartbeat; four go out in that time. */
  readonly silenceMsMax: number;
  readonly clock: Clock;
  /** A key of the server has changed. */
  onChange(key: string): void;
  /** Anything may have changed. */
  onLost(error: Error | null): void;
  /** Everything that happened before `sentMs` has been told. */
  onHeard(heard: { serverMs: number; sentMs: number; heardMs: number }): void;
  /** It never tells. */
  onRefused(error: Unsupported): void;
}

/** More are not on their way at once: a server that does not answer is not asked more and more. */
const heartbeatsMax = 8;

const feeds = new WeakMap<Server, Tracking>();

export class Tracking {
  readonly #server: Server;
  readonly #members = new Set<TrackingMember>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #heartbeats = 0;
  #isListening = false;

  constructor(server: Server) {
    this.#server = server;
  }

  static of(server: Server): Tracking {
    let tracking = feeds.get(server);
    if (tracking === undefined) {
      tracking = new Tracking(server);
      feeds.set(server, tracking);
    }
    return tracking;
  }

  /** Returns what ends it. */
  join(member: TrackingMember): () => void {
    this.#listen();
    this.#members.add(member);
    this.#beat();
    this.#setTimer();
    return () => {
      this.#members.delete(member);
      this.#setTimer();
    };
  }

  /** What a cache of this process has written over the connection itself, which is not told of it. */
  changedHere(key: string, by: TrackingMember): void {
    for (const member of this.#members) if (member !== by) member.onChange(key);
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#server.tracking.onInvalidate((key) => {
      for (const member of this.#members)
        if (key === null) member.onLost(null);
        else member.onChange(key);
    });
    this.#server.tracking.listen({ onReady: () => this.#beat(), onLost: (error) => this.#lost(error) });
  }

  #lost(error: Error): void {
    for (const member of this.#members)
      if (error instanceof Unsupported) member.onRefused(error);
      else member.onLost(error);
  }

  #setTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#members.size === 0) return;
    const everyMs = Math.min(...[...this.#members].map((member) => member.silenceMsMax)) / 4;
    this.#timer = setInterval(() => this.#beat(), everyMs);
    this.#timer.unref();
  }

  #beat(): void {
    if (this.#heartbeats >= heartbeatsMax) return;
    this.#heartbeats++;
    const sent = [...this.#members].map((member) => ({ member, sentMs: member.clock.monotonicMs() }));
    this.#server.tracking.heartbeat().then(
      (reply) => {
        this.#heartbeats--;
        const serverMs = serverMsOf(reply);
        for (const { member, sentMs } of sent)
          if (this.#members.has(member)) member.onHeard({ serverMs, sentMs, heardMs: member.clock.monotonicMs() });
      },
      // A loss is told of by the connection; a refusal only to those who were there.
      (error: unknown) => {
        this.#heartbeats--;
        if (!(error instanceof Unsupported)) return;
        for (const { member } of sent) if (this.#members.has(member)) member.onRefused(error);
      },
    );
  }
}
