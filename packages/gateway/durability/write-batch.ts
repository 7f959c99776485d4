/** The writes that one question to the engine is about, and what became of it. Pure. */
import type { ReplyHold } from "./reply-hold.ts";

export class WriteBatch {
  /** Not known yet; null: enough replicas have them; else the error that stands for each of their replies. */
  outcome: Buffer | null | undefined = undefined;
  readonly holds = new Set<ReplyHold>();

  settle(outcome: Buffer | null): void {
    this.outcome = outcome;
    for (const hold of this.holds) hold.release();
    this.holds.clear();
  }
}
