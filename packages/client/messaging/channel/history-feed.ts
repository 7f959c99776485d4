/**
 * A channel with a history on a stream. What is published is heard live; that none was skipped is seen by what each names as the one before
 * it. When one was, the ring begins anew with it, and the cursors read what lies between from the history.
 *
 * After each (re)connection it is asked how far the history is, and what is heard meanwhile waits. Three answers:
 *   as far as the ring    nothing was missed
 *   farther               the ring begins anew there; cursors read the rest
 *   not so far            the server has lost messages that were told (restarted empty, or failed over to a replica that lagged):
 *                         the ring begins anew there; cursors that stood farther are told of a gap
 */
import type { Server } from "../../connection/server.ts";
import { untilAnswered } from "../retry.ts";
import { subscriptionsOf } from "../subscriptions.ts";
import { type Entry, parsePayload } from "./entry.ts";
import { beginning, compareIds } from "./event-id.ts";
import { type Cursor, type CursorHooks, type Feed, type From, Linger, Readers } from "./feed.ts";
import { type CursorSource, HistoryCursor } from "./history-cursor.ts";
import { HistoryReader } from "./history-reader.ts";
import { channelLimits } from "./limits.ts";
import { historyReads } from "./metrics.ts";
import { Ring } from "./ring.ts";
import type { Page, StreamLog } from "./stream-log.ts";

const ringBounds = { entriesMax: channelLimits.recentEntries, bytesMax: channelLimits.recentBytes };

export class HistoryFeed implements Feed, CursorSource {
  readonly #server: Server;
  readonly #log: StreamLog;
  readonly #onUnused: () => void;
  readonly #readers = new Readers<HistoryCursor>();
  readonly #linger = new Linger(channelLimits.lingerMs, () => this.#end());
  readonly ring = new Ring(ringBounds, beginning);
  isOpen = false;
  #life: AbortController | undefined;
  #reader: HistoryReader | undefined;
  /** What was heard while it is asked how far the history is; undefined: it is not being asked. */
  #held: Entry[] | undefined;
  #isCheckDue = false;

  constructor(server: Server, log: StreamLog, onUnused: () => void) {
    this.#server = server;
    this.#log = log;
    this.#onUnused = onUnused;
  }

  open(from: From, hooks: CursorHooks): Cursor {
    this.#begin();
    const cursor = new HistoryCursor(this, from);
    this.#readers.add(cursor, hooks);
    if (this.isOpen)
      queueMicrotask(() => {
        this.#readers.tellReady(cursor);
        this.wake(cursor);
      });
    return cursor;
  }

  read(after: string, onPage: (page: Page) => void): void {
    this.#reader?.read(after, onPage);
  }

  wake(cursor: HistoryCursor): void {
    this.#readers.wakeOne(cursor);
  }

  leave(cursor: HistoryCursor): void {
    if (this.#readers.delete(cursor) && this.#readers.all.size === 0) this.#linger.begin();
  }

  #begin(): void {
    this.#linger.stop();
    if (this.#life !== undefined) return;
    const life = new AbortController();
    this.#life = life;
    const onTrouble = (error: unknown) => this.#readers.tellTrouble(error);
    this.#reader = new HistoryReader({ read: (after) => this.#readPage(after), onTrouble, signal: life.signal });
    const stop = subscriptionsOf(this.#server).listen(this.#log.keys.stream, {
      onMessage: (payload) => this.#hear(payload),
      onSubscribed: () => void this.#check(life.signal),
      onLost: () => {},
      onTrouble,
    });
    life.signal.addEventListener("abort", stop);
  }

  #end(): void {
    this.#life?.abort();
    this.#life = undefined;
    this.#held = undefined;
    this.#isCheckDue = false;
    this.isOpen = false;
    this.#onUnused();
  }

  #readPage(after: string): Promise<Page> {
    historyReads().add(1);
    return this.#log.page(after);
  }

  #hear(payload: Buffer): void {
    const entry = parsePayload(payload);
    if (entry === undefined) return;
    if (this.#held !== undefined) return this.#hold(this.#held, entry);
    if (!this.isOpen) return;
    if (this.#take(entry) === "behind") void this.#check((this.#life as AbortController).signal);
    else this.#readers.wakeFor(entry);
  }

  /** The oldest of too many are dropped: the first that is taken then names one that was not heard, and they are read. */
  #hold(held: Entry[], entry: Entry): void {
    held.push(entry);
    if (held.length > channelLimits.heldMax) held.shift();
  }

  /** behind: an id below the ring's that is not known either. The server may have lost what came after it. */
  #take(entry: Entry): "taken" | "known" | "behind" {
    const { ring } = this;
    if (entry.id !== null) {
      if (compareIds(entry.id, ring.position) <= 0) return ring.has(entry.id) ? "known" : "behind";
      if (entry.previous !== ring.position) ring.clear(entry.previous as string);
    }
    ring.push(entry);
    return "taken";
  }

  async #check(signal: AbortSignal): Promise<void> {
    this.#isCheckDue = true;
    if (this.#held !== undefined) return;
    this.#held = [];
    while (this.#isCheckDue && !signal.aborted) {
      this.#isCheckDue = false;
      const position = await this.#askPosition(signal);
      if (position === undefined || signal.aborted) return;
      this.#goOnFrom(position);
    }
    this.#held = undefined;
    this.#readers.wake();
  }

  #askPosition(signal: AbortSignal): Promise<string | undefined> {
    return untilAnswered(() => this.#log.position(), {
      signal,
      onFailure: (error) => this.#readers.tellTrouble(error),
      msMin: channelLimits.retryMsMin,
      msMax: channelLimits.retryMsMax,
    });
  }

  #goOnFrom(position: string): void {
    const { ring } = this;
    const isLost = this.isOpen && compareIds(position, ring.position) < 0;
    if (!this.isOpen || isLost) ring.clear(position);
    if (isLost) this.#rewind(position);
    for (const entry of this.#held ?? []) this.#take(entry);
    this.#held = [];
    if (compareIds(ring.position, position) < 0) ring.clear(position);
    if (!this.isOpen) this.#opened(position);
  }

  #rewind(position: string): void {
    this.#reader?.forget();
    for (const cursor of this.#readers.all) cursor.rewind(position);
  }

  #opened(position: string): void {
    this.isOpen = true;
    for (const cursor of this.#readers.all) {
      cursor.beginAt(position);
      this.#readers.tellReady(cursor);
    }
  }
}
