/**
 * Exceptions that came up while the bytes of a client, an engine or another worker were processed: bugs of the gateway.
 * They are counted and logged, and cost the connection that they came up on; all others go on. Not for what peers and
 * networks do to sockets, which happens every day.
 *
 * Logged is where they were thrown. Their messages are not: those of the runtime quote values, which may be anybody's data.
 */
import type { Log } from "@larder/service";
import { counters } from "./metrics.ts";

/** Whose bytes were processed. */
export type Peer = "client" | "engine" | "worker";

let log: Log | null = null;
/** How often something was thrown at each place. */
const timesAt = new Map<string, number>();

export function logInternalErrorsTo(target: Log): void {
  log = target;
}

/** The caller closes the connection. What is thrown at one place again and again is logged at the 1st, 2nd, 4th, 8th … time. */
export function noteInternalError(error: unknown, peer: Peer): void {
  counters.larder_gateway_internal_errors_total++;
  const stack = framesOf(error);
  const place = stack.join();
  const times = (timesAt.get(place) ?? 0) + 1;
  timesAt.set(place, times);
  if ((times & (times - 1)) !== 0) return;
  const kind = error instanceof Error ? error.name : typeof error;
  log?.error({ peer, kind, stack, times }, "internal error; the connection is closed");
}

/** For a socket's `error` handler, which gets exceptions of the other handlers, and failures of TLS. Returns whether it was one of ours. */
export function noteIfInternal(error: unknown, peer: Peer): boolean {
  // What the runtime makes of the failures of a socket has no stack.
  const isOurs = !(error instanceof Error) || framesOf(error).length > 0;
  if (isOurs) noteInternalError(error, peer);
  return isOurs;
}

/** The stack without the message, which comes before it and may be of several lines. */
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const { stack = "", message } = error;
  const at = stack.indexOf(message);
  const lines = (at < 0 ? stack : stack.slice(at + message.length)).split("\n");
  return lines.map((line) => line.trim()).filter((line) => /^at .*:\d+:\d+\)?$/.test(line));
}
