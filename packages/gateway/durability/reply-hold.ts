/**
 * The replies of one client on one server connection that wait until replicas have what it wrote, and all of its replies
 * that come behind them. Not the question to the replicas: that is the business of WriteConfirmer.
 *
 * Invariants: it begins with a write's reply; nothing of a reply is given to the client before the batch of its write is
 * settled; replies keep their order; to the client and its connection those in it are in flight.
 *
 * A write is in a batch as soon as its reply begins: it has run by then. So a reply of any size waits no longer than its
 * batch, and what then comes of it passes through without being kept.
 *
 *   of the last reply, which has begun   set when                                its further bytes
 *   keep                                 its batch is not settled                are kept
 *   pass                                 replicas have it                        go to the client
 *   drop                                 they do not                             are dropped; the error follows its end
 */
import type { ClientConnection } from "../client/client-connection.ts";
import { counters } from "../metrics.ts";
import { isError, outcomeUnknownReply, replaceUnconfirmed, type UnconfirmedReplies } from "./unconfirmed-replies.ts";
import type { WriteBatch } from "./write-batch.ts";

export interface HoldOwner {
  /** The batch that a write belongs to whose reply begins now. */
  join(hold: ReplyHold): WriteBatch;
  /** Bytes that all holds have. */
  heldBytes: number;
}

export interface HoldOptions {
  client: Pick<
    ClientConnection,
    "deliver" | "onReplied" | "isClosed" | "isInsideReply" | "hasMessages" | "sendMessages"
  >;
  owner: HoldOwner;
  onEmpty(): void;
}

/** What came in one read of no more than this is kept as it is. */
const keptWholeBytes = 4 * 1024;

/** Bytes [start, end) of what the engine sent. */
interface Part {
  bytes: Buffer;
  start: number;
  end: number;
}

interface Kept {
  /** null: of commands that write nothing. */
  batch: WriteBatch | null;
  parts: Part[];
  bytes: number;
  /** Whole ones. */
  replies: number;
}

export class ReplyHold {
  readonly #options: HoldOptions;
  #kept: Kept[] = [];
  /** The last reply has begun and not ended. */
  #isOpen = false;
  #rest: "keep" | "pass" | "drop" = "keep";

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#kept.length === 0;
  }

  /** The client has the beginning of a reply and not its end. */
  get isPassing(): boolean {
    return this.#rest === "pass";
  }

  /** What is delivered next, up to `end`, answers commands that may write, or such that do not. */
  begin(writes: boolean): void {
    if (this.#isOpen) return;
    const batch = writes ? this.#options.owner.join(this) : null;
    const last = this.#kept.at(-1);
    if (last === undefined || last.batch !== batch) this.#kept.push({ batch, parts: [], bytes: 0, replies: 0 });
  }

  deliver(bytes: Buffer, start: number, end: number): void {
    const { client, owner } = this.#options;
    if (this.#rest === "pass") return client.deliver(bytes, start, end);
    const last = this.#kept.at(-1);
    if (last === undefined || this.#rest === "drop" || client.isClosed || start === end) return;
    const before = last.parts.at(-1);
    if (before?.bytes === bytes && before.end === start) before.end = end;
    else last.parts.push(keptPart(bytes, start, end));
    last.bytes += end - start;
    owner.heldBytes += end - start;
  }

  /** So many of the replies delivered are whole. `isOpen`: another one has begun. */
  end(whole: number, isOpen: boolean): void {
    this.#isOpen = isOpen;
    if (this.#rest !== "keep") {
      if (!isOpen) this.#endRest();
      return;
    }
    const last = this.#kept.at(-1);
    if (last !== undefined) last.replies += whole;
  }

  /** Gives the client what waits for nothing any more. */
  release(): void {
    if (this.#kept.length === 0) return;
    const parts: Part[] = [];
    let replies = 0;
    while (this.#rest === "keep") {
      const first = this.#kept[0];
      const error = first?.batch == null ? null : first.batch.outcome;
      if (first === undefined || error === undefined) break;
      replies += first.replies;
      if (this.#isOpen && this.#kept.length === 1) parts.push(...this.#letGo(first, error));
      else {
        parts.push(...(error === null ? first.parts : [partOf(whatStands(first, error).whole)]));
        this.#kept.shift();
      }
      this.#forget(first);
    }
    this.#give(parts, replies);
  }

  /** The server connection is lost: of the writes kept nobody knows, and the reply that had begun counts as not come. */
  abandon(): void {
    const kept = this.#kept.splice(0);
    const replies = kept.reduce((sum, each) => sum + each.replies, 0);
    const parts = kept.map((each) => partOf(whatStands(each, each.batch === null ? null : outcomeUnknownReply).whole));
    for (const each of kept) this.#forget(each);
    this.#give(parts, replies);
  }

  /** The client is gone. */
  discard(): void {
    for (const kept of this.#kept.splice(0)) this.#forget(kept);
    this.#options.onEmpty();
  }

  /** The last reply has begun: what is there of it goes out, or the error will at its end. */
  #letGo(kept: Kept, error: Buffer | null): Part[] {
    const { whole, begun } = whatStands(kept, error);
    this.#rest = error === null || isError(begun[0]) ? "pass" : "drop";
    return (this.#rest === "pass" ? [whole, begun] : [whole]).map(partOf);
  }

  #endRest(): void {
    const { client } = this.#options;
    const error = this.#kept[0]?.batch?.outcome;
    if (this.#rest === "drop" && error) {
      countUnconfirmed(1, error);
      client.deliver(error, 0, error.length);
    }
    this.#rest = "keep";
    this.#kept = [];
    this.#give([], 1);
  }

  #forget(kept: Kept): void {
    this.#options.owner.heldBytes -= kept.bytes;
    kept.parts = [];
    kept.bytes = 0;
    kept.replies = 0;
  }

  #give(parts: readonly Part[], replies: number): void {
    const { client, onEmpty } = this.#options;
    if (this.#kept.length === 0) onEmpty();
    const part = parts.length === 1 ? parts[0] : partOf(joined(parts));
    if (part !== undefined) client.deliver(part.bytes, part.start, part.end);
    client.isInsideReply = this.#rest === "pass";
    if (!client.isInsideReply && client.hasMessages) client.sendMessages();
    if (replies > 0) client.onReplied(replies);
  }
}

/** A small piece of much would keep all of it in memory. */
function keptPart(bytes: Buffer, start: number, end: number): Part {
  const isMost = (end - start) * 4 >= bytes.length;
  if (isMost || bytes.length <= keptWholeBytes) return { bytes, start, end };
  return partOf(Buffer.from(bytes.subarray(start, end)));
}

function partOf(bytes: Buffer): Part {
  return { bytes, start: 0, end: bytes.length };
}

function joined(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map(({ bytes, start, end }) => bytes.subarray(start, end)));
}

function whatStands({ parts }: Kept, error: Buffer | null): UnconfirmedReplies {
  const replies = replaceUnconfirmed(joined(parts), error);
  if (replies.replaced > 0) countUnconfirmed(replies.replaced, error);
  return replies;
}

function countUnconfirmed(count: number, error: Buffer | null): void {
  if (error === outcomeUnknownReply) counters.larder_gateway_commands_outcome_unknown_total += count;
  else counters.larder_gateway_writes_unconfirmed_total += count;
}
