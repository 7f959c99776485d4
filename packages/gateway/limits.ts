/**
 * Every bound of the data path: its name, its value and what happens at it. Each one that closes a connection or refuses
 * a command has a counter of the same name in metrics.ts.
 */
export const limits = {
  /** Commands of one client on their way to the engine; past it the client is not read. See `window` in client-connection.ts. */
  clientInFlightMax: 1024,
  /** Where a client's window begins, before its replies' sizes are known. */
  clientInFlightFirst: 32,
  /** Reply bytes that one window may be expected to bring. */
  clientWindowBytes: 16 * 1024 * 1024,
  /** Bytes read from a client that wait for its turn; past it the client is not read. */
  clientInputBytesMax: 64 * 1024,
  /** Replies that a client has not taken; past it no more of its requests are read. */
  clientOutputPauseBytes: 1024 * 1024,
  /** Replies that a client has not taken; past it the client is closed. */
  clientOutputBytesMax: 640 * 1024 * 1024,
  /** Replies that all clients of the process have not taken; past it the client with the most is closed. */
  processOutputBytesMax: 1024 * 1024 * 1024,
  /** A client with waiting replies that takes none of them for so long is closed. */
  clientStallMs: 10_000,
  /** A connection that has not authenticated by then is closed. */
  clientAuthenticateMs: 60_000,
  /** A connection without any command for so long is closed (Azure: 10 minutes). */
  clientIdleMs: 600_000,
  /** Bytes written to an engine that it has not taken; past it its clients are not read. */
  serverOutputPauseBytes: 1024 * 1024,
  /** How long commands wait for an engine that is away before they are refused. */
  holdMs: 5_000,
  /** Idle dedicated connections kept warm for each cache, database and protocol. */
  dedicatedIdleMax: 8,
  /** Longest bulk string accepted from an engine: proto-max-bulk-len, with room for what an engine adds. */
  replyBulkBytesMax: 1024 * 1024 * 1024,
} as const;
