/**
 * What this package asks of a Redis-compatible server, whichever library carries it: `redis` or `ioredis`.
 *
 * A connection connects when it is first asked something, and again by itself whenever it is lost. Commands of one turn go
 * out together. None is sent twice: one that was on its way when the connection was lost rejects, and may have run. There is no
 * time limit for a command here, as a timer for each costs more than the command; a connection on which nothing is heard
 * for `silenceMsMax` is given up instead, and whoever wants to wait less bounds that in one place (deadlines.ts).
 *
 * Replies have RESP2's shapes on every connection: maps are flat arrays, nil is null. An error reply rejects.
 */

export type Argument = string | Buffer;
export type Reply = null | number | string | Buffer | Reply[];

export interface ConnectionListener {
  /** It can be asked; also after each reconnection. */
  onReady?(): void;
  /** It was lost, or could not be made. It is being made again. */
  onLost?(error: Error): void;
}

export interface Connection {
  /** Whether a command would go out now. */
  readonly isReady: boolean;
  /** Bulk strings come as text. Rejects with what the server answered, or with ServerUnreachable. */
  ask(command: readonly Argument[]): Promise<Reply>;
  /** Bulk strings come as bytes. */
  askBytes(command: readonly Argument[]): Promise<Reply>;
  /** Returns what ends it. */
  listen(listener: ConnectionListener): () => void;
  /** For good: what is on its way and whatever is asked later rejects, and `onLost` is called with ConnectionClosed. */
  close(): void;
}

/** Messages of channels. Subscriptions come back by themselves after a reconnection; what was published meanwhile is missed. */
export interface SubscriberConnection {
  subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  listen(listener: ConnectionListener): () => void;
  close(): void;
}

/**
 * A connection whose reads the server remembers (CLIENT TRACKING with NOLOOP): it says when anybody else has changed what was read.
 * Ready only once that is on. What it says and what it answers are in the order in which they happened.
 */
export interface TrackingConnection extends Connection {
  /** Rejects with Unsupported once the server has refused; `onLost` is called with the same. */
  ask(command: readonly Argument[]): Promise<Reply>;
  /** TIME's reply. Whatever was said before it was asked is heard before it is answered. */
  heartbeat(): Promise<Reply>;
  /** Of one key, or of all where it is null. */
  onInvalidate(listener: (key: string | null) => void): void;
}

/** No connection within `connectMs`; the command was not sent. */
export class ServerUnreachable extends Error {
  override readonly name = "ServerUnreachable";
  readonly code = "SERVER_UNREACHABLE";

  constructor(cause?: unknown) {
    super("The cache server cannot be reached.", { cause });
  }
}

/** It was closed in this process, for good. */
export class ConnectionClosed extends Error {
  override readonly name = "ConnectionClosed";
  readonly code = "CONNECTION_CLOSED";

  constructor() {
    super("The connection to the cache server was closed.");
  }
}

/** The server does not do it, or this user may not: it will not work later either. */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
  readonly code = "UNSUPPORTED";
}

export const trackingRefused = "The server does not tell when keys change (CLIENT TRACKING).";

/** NOPERM, an unknown command, or a protocol that is not spoken: asking again would not help. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(NOPERM|NOPROTO|ERR unknown (sub)?command|ERR .*not (allowed|supported))/i.test(error.message)
  );
}

export const connectionLimits = {
  /** How long commands wait for a connection that is being made; none waits for one that has been away for longer. */
  connectMs: 2_000,
  /** A connection on which nothing is heard for so long, although something was asked, is made anew. */
  silenceMsMax: 5_000,
  /** How often one on which nothing happens is asked whether it lives. */
  pingEveryMs: 1_500,
  /** The longest pause before a connection is tried again. */
  reconnectMsMax: 1_000,
} as const;
