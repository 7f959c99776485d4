/**
 * What a process hears of one channel: one subscription in the server and one ring of the newest messages, whoever many listen. A
 * listener is a cursor: it takes messages when it is ready for them, and needs no buffer. One that falls behind the ring reads the
 * history (history-feed.ts) or, without one, is told of a gap (plain-feed.ts).
 *
 *   unused → opening → heard ⇄ lost        unused again `lingerMs` after the last cursor has gone
 */
import type { Delivery, Entry } from "./entry.ts";
import { channelLimits } from "./limits.ts";

export interface CursorHooks {
  /** `take` may have something now. Not called again before it was called. */
  onReadable(): void;
  /** From here on nothing is missed: what is published after it is taken. */
  onReady?(): void;
  /** Something failed and is tried again. */
  onTrouble?(error: unknown): void;
}

export interface Cursor {
  /** The next message or gap, in order and each once; null when there is none now. */
  take(): Delivery | null;
  /** The last message that was taken, or where it began; null before it is known, and without a history. */
  readonly position: string | null;
  close(): void;
}

export type From = "now" | "beginning" | (string & {});

export interface Feed {
  open(from: From, hooks: CursorHooks): Cursor;
}

/** Small parts of the ring. */
const wakeAt = { entries: channelLimits.recentEntries / 8, bytes: channelLimits.recentBytes / 8 };

/**
 * The cursors of a feed; wakes them once a turn, so that what came together is taken together; or earlier when so much came
 * together that the ring might drop what a quick listener had no chance to take.
 */
export class Readers<C> {
  readonly all = new Set<C>();
  readonly #hooks = new Map<C, CursorHooks>();
  #isWaking = false;
  #unseenEntries = 0;
  #unseenBytes = 0;

  add(cursor: C, hooks: CursorHooks): void {
    this.all.add(cursor);
    this.#hooks.set(cursor, hooks);
  }

  delete(cursor: C): boolean {
    this.#hooks.delete(cursor);
    return this.all.delete(cursor);
  }

  wakeFor(entry: Entry): void {
    this.#unseenEntries++;
    this.#unseenBytes += entry.body.length;
    if (this.#unseenEntries >= wakeAt.entries || this.#unseenBytes >= wakeAt.bytes) this.#wakeNow();
    else this.wake();
  }

  wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    queueMicrotask(() => {
      this.#isWaking = false;
      this.#wakeNow();
    });
  }

  #wakeNow(): void {
    this.#unseenEntries = 0;
    this.#unseenBytes = 0;
    for (const hooks of [...this.#hooks.values()]) hooks.onReadable();
  }

  wakeOne(cursor: C): void {
    this.#hooks.get(cursor)?.onReadable();
  }

  tellReady(cursor: C): void {
    this.#hooks.get(cursor)?.onReady?.();
  }

  tellTrouble(error: unknown): void {
    for (const hooks of [...this.#hooks.values()]) hooks.onTrouble?.(error);
  }
}

/** Ends something a while after its last user has gone, unless one comes back. Does not keep the process alive. */
export class Linger {
  readonly #ms: number;
  readonly #onEnd: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number, onEnd: () => void) {
    this.#ms = ms;
    this.#onEnd = onEnd;
  }

  begin(): void {
    this.stop();
    this.#timer = setTimeout(this.#onEnd, this.#ms);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
