/** What a channel is told, and what it tells. */
import type { ServerLike } from "../../connection/server.ts";
import type { Duration } from "../../duration.ts";
import type { From } from "./feed.ts";

export interface HistoryOptions {
  /** At least so many of the newest messages are kept. 1,000 unless given. */
  length?: number;
  /** Older ones are trimmed, and all once nothing was published for so long. Unbounded unless given. */
  age?: Duration;
}

export interface ChannelOptions {
  server: ServerLike;
  /** false: plain publish/subscribe; gaps are possible, and are told. */
  history?: HistoryOptions | false;
}

export interface Message<T> {
  type: "message";
  /** Resume from here. Null without a history, and for an ephemeral message. */
  id: string | null;
  /** The same object for all listeners of the process: not to be changed. */
  data: T;
}

/**
 * Messages may have been missed here:
 *
 *   trimmed       the history no longer has what followed
 *   lost          the server itself lost messages: it restarted empty, or failed over to a replica that lagged
 *   disconnected  without a history: the connection was lost for a while
 *   slow          without a history: this listener was slower than the process keeps messages
 *   unreadable    one message was no JSON
 */
export type { Gap } from "./entry.ts";
export type { From };

export interface SubscribeOptions {
  /** "now" unless given; "beginning": all that the history has; an id: what came after that message. */
  from?: From;
  signal?: AbortSignal;
  /** The server could not be asked, which is tried again until it can, or refuses something. Nothing unless given. */
  onTrouble?: (error: unknown) => void;
}

export interface PublishOptions {
  /** Heard by those who listen now, and kept nowhere: "Ann is typing". */
  ephemeral?: boolean;
}

/** A message, a request or an answer is longer than the limit. */
export class MessageTooLarge extends Error {
  override readonly name = "MessageTooLarge";
  readonly code = "MESSAGE_TOO_LARGE";

  constructor(bytes: number, bytesMax: number, what = "The message") {
    super(`${what} has ${bytes} bytes; ${bytesMax} are allowed.`);
  }
}

/** The connection was lost while the message was on its way: it may have been published. */
export class PublishUnknown extends Error {
  override readonly name = "PublishUnknown";
  readonly code = "PUBLISH_UNKNOWN";

  constructor(cause: unknown) {
    super("The connection was lost while the message was on its way: it may have been published.", { cause });
  }
}
