/** One whole request as the cold paths pass it on: where its bytes are, and its arguments when they are needed. */
import { collectArguments } from "@larder/resp";
import { Class } from "./command-classes.ts";

export interface Request {
  bytes: Buffer;
  start: number;
  end: number;
  argumentCount: number;
  /** Of the command table (command-classes.ts). */
  entry: number;
}

/**
 * done   go on with the next request
 * quiet  nothing was done: try again when nothing of the client is in flight
 * wait   nothing was done: try again when somebody resumes the client
 * stop   the connection is ending
 */
export type Outcome = "done" | "quiet" | "wait" | "stop";

/** The command's name and its arguments. */
export function wordsOf(request: Request): Buffer[] {
  return collectArguments(request.bytes, request.start);
}

/** A request of the gateway's own making, encoded. */
export function ownRequest(bytes: Buffer, argumentCount: number): Request {
  return { bytes, start: 0, end: bytes.length, argumentCount, entry: Class.shared };
}
