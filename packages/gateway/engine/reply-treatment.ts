/**
 * What becomes of a reply on its way to the client: null passes it on as it comes; `swallow` drops it; a buffer is sent in
 * its place; `rewrite` is given it whole and its answer is sent.
 */
import type { ClientConnection } from "../client/client-connection.ts";

export const swallow = Symbol("swallow");
export interface ReplyRewrite {
  rewrite(reply: Buffer): Buffer;
}

export function isRewrite(treatment: Treatment): treatment is ReplyRewrite {
  return typeof treatment === "object" && treatment !== null && !Buffer.isBuffer(treatment);
}

export type Treatment = null | typeof swallow | Buffer | ReplyRewrite;

/** Who is given replies: a client, or what holds them for it. */
export type ReplySink = Pick<ClientConnection, "deliver">;

/** Applies the treatments of one connection's replies, of which one is under way at a time. */
export class ReplyTreatment {
  /** What there is of a reply that has to be whole. */
  #partial: Buffer | null = null;
  /** Rewritten replies of one client, to go out as one write. */
  #rewritten: Buffer[] = [];

  /** Takes bytes [start, end) of one reply; `isComplete` with its last. What was rewritten goes out with `flush`. */
  apply(
    client: ReplySink,
    treatment: Treatment,
    piece: { bytes: Buffer; start: number; end: number; isComplete: boolean },
  ): void {
    const { bytes, start, end, isComplete } = piece;
    if (treatment === null) return client.deliver(bytes, start, end);
    if (treatment === swallow) return;
    if (Buffer.isBuffer(treatment)) {
      if (isComplete) client.deliver(treatment, 0, treatment.length);
      return;
    }
    const part = bytes.subarray(start, end);
    const reply = this.#partial === null ? part : Buffer.concat([this.#partial, part]);
    this.#partial = isComplete ? null : reply;
    if (isComplete) this.#rewritten.push(treatment.rewrite(reply));
  }

  get hasRewritten(): boolean {
    return this.#rewritten.length > 0;
  }

  /** Before anything else is delivered to the client. */
  flush(client: ReplySink): void {
    if (this.#rewritten.length === 0) return;
    const [first] = this.#rewritten as [Buffer, ...Buffer[]];
    const bytes = this.#rewritten.length === 1 ? first : Buffer.concat(this.#rewritten);
    this.#rewritten = [];
    client.deliver(bytes, 0, bytes.length);
  }
}
