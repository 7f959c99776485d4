/** Replies to writes of which it is not known that a replica has them: an error takes the place of each. Pure. */
import { ReplyScanner } from "@larder/resp";
import { outcomeUnknownError } from "../engine/replay.ts";
import { limits } from "../limits.ts";

const MINUS = 45;
const EXCLAMATION = 33;

/** Stands for a write of which nobody knows whether it was made, or whether it stays. */
export const outcomeUnknownReply = Buffer.from(outcomeUnknownError);

export interface UnconfirmedReplies {
  whole: Buffer;
  replaced: number;
  /** What is there of one more reply that has begun. */
  begun: Buffer;
}

/** `error` null: all as they are. An error of the engine stays: it is what the client has to know. */
export function replaceUnconfirmed(bytes: Buffer, error: Buffer | null): UnconfirmedReplies {
  const scanner = new ReplyScanner(limits.replyBulkBytesMax);
  const parts: Buffer[] = [];
  let replaced = 0;
  let start = 0;
  while (start < bytes.length) {
    const end = scanner.next(bytes, start, bytes.length);
    if (!scanner.complete) break;
    const stays = error === null || isError(scanner.type);
    parts.push(stays ? bytes.subarray(start, end) : error);
    if (!stays) replaced++;
    start = end;
  }
  return { whole: Buffer.concat(parts), replaced, begun: bytes.subarray(start) };
}

export function isError(type: number | undefined): boolean {
  return type === MINUS || type === EXCLAMATION;
}
