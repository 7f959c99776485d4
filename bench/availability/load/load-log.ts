/** What happens to the clients of a load, as a total and for the event that is being watched. */
import { ErrorCounts } from "./error-counts.ts";
import { EventWatch } from "./event-watch.ts";

/** Longer texts are cut: they are counted by their text. */
const textMax = 120;

export class LoadLog {
  writes = 0;
  reads = 0;
  failedReads = 0;
  reconnects = 0;
  readonly errors = new ErrorCounts();
  watch: EventWatch | null = null;
  /** By writer: when its last write was acknowledged. */
  readonly #lastWriteMs: number[] = [];

  beginEvent(startMs: number): void {
    this.watch = new EventWatch(startMs, this.#lastWriteMs);
  }

  wrote(writer: number, sentMs: number, nowMs: number): void {
    this.writes++;
    this.watch?.wrote(writer, sentMs, nowMs);
    this.#lastWriteMs[writer] = nowMs;
  }

  read(): void {
    this.reads++;
    if (this.watch !== null) this.watch.reads++;
  }

  failedToRead(): void {
    this.failedReads++;
    if (this.watch !== null) this.watch.failedReads++;
  }

  failedToWrite(writer: number): void {
    this.watch?.failedToWrite(writer);
  }

  failed(role: string, error: string): void {
    const text = error.slice(0, textMax);
    this.errors.add(role, text);
    this.watch?.errors.add(role, text);
  }

  reconnected(): void {
    this.reconnects++;
    if (this.watch !== null) this.watch.reconnects++;
  }
}
