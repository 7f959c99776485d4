/**
 * Every bound of the data path: its name, its value and what happens at it. Each one has a row in docs/limits.md, with the
 * metric that shows it and the error that a client gets.
 */
export const limits = {
  /** Commands of one client on their way to the engine; past it the client is not read. See `window` in client-connection.ts. */
  clientInFlightMax: 1024,
  /** Where a client's window begins, before its replies' sizes are known. */
  clientInFlightFirst: 32,
  /** Reply bytes that one window may be expected to bring. */
  clientWindowBytes: 16 * 1024 * 1024,
  /** How often in a row a client's reads are sent again when engines die with them; past it the client is closed. */
  clientLossesMax: 5,
  /** A request longer than this, and a client whose replies are, takes the bulk lane. */
  bulkBytes: 64 * 1024,
  /** A client leaves the bulk lane after so many smaller replies. */
  bulkRepliesMin: 64,
  /** Of a transaction that is gathered before it is sent; past them it goes to a dedicated connection. */
  transactionBytesMax: 1024 * 1024,
  transactionCommandsMax: 10_000,
  /** Bytes read from a client that wait for its turn; past it the client is not read. */
  clientInputBytesMax: 64 * 1024,
  /** Replies that a client has not taken; past it no more of its requests are read. */
  clientOutputPauseBytes: 1024 * 1024,
  /** Replies that a client has not taken; past it the client is closed. */
  clientOutputBytesMax: 640 * 1024 * 1024,
  /** Replies that all clients of the process have not taken; past it the client with the most is closed. */
  processOutputBytesMax: 1024 * 1024 * 1024,
  /** As much may wait for a subscribed client before it is closed, and as much for so long (Valkey: pubsub 32mb 8mb 60). */
  subscriberOutputBytesMax: 32 * 1024 * 1024,
  subscriberOutputBytesSoft: 8 * 1024 * 1024,
  subscriberOutputSoftMs: 60_000,
  /** A request to (un)subscribe that is longer ends the connection. */
  subscribeRequestBytesMax: 4 * 1024 * 1024,
  /** Clients that get a message before other work has its turn. */
  fanOutWritesPerTurn: 256,
  /** Messages of one channel that wait become one write up to this. */
  fanOutWriteBytes: 64 * 1024,
  /** Messages that wait to be given to clients; past it other work has no turn until there are fewer. */
  fanOutQueueBytesMax: 8 * 1024 * 1024,
  /** A client with waiting replies that takes none of them for so long is closed. */
  clientStallMs: 10_000,
  /** New connections of one cache, at each worker; more wait in line. */
  cacheConnectionsPerSecond: 2_000,
  cacheConnectionsBurst: 4_000,
  /** New connections of one process; more wait in line. With few at once those who are in notice nothing. */
  processConnectionsPerSecond: 10_000,
  processConnectionsBurst: 100,
  /** TLS handshakes that a process begins, each of which stops everything else for as long as it computes. */
  handshakesPerSecond: 3_000,
  handshakesBurst: 4,
  /** TLS handshakes that have begun and not ended. Past it one that is older than `handshakeYieldMs` gives way, else new ones wait. */
  handshakesMax: 2_048,
  handshakeYieldMs: 1_000,
  /** A handshake that has not ended by then is given up. */
  handshakeMs: 10_000,
  /** How long a new connection waits in line, and how many do so; past either it is refused. */
  connectionWaitMs: 5_000,
  connectionsWaitingMax: 16_384,
  /** A PROXY header that is not whole by then, or longer, is refused. */
  proxyHeaderMs: 3_000,
  proxyHeaderBytesMax: 4_096,
  /** What a client sends with its PROXY header before it is let in; past it the connection is refused. */
  proxyAheadBytesMax: 64 * 1024,
  /** When the system asks a silent client whether it is there, how often, and how many times in vain. */
  keepAliveIdleMs: 30_000,
  keepAliveEveryMs: 10_000,
  keepAliveProbes: 3,
  /** A client whose system acknowledges nothing of what was sent to it for so long is gone. */
  clientUserTimeoutMs: 60_000,
  /** Records of the connection log that wait to be written; past it they are dropped. */
  connectionLogBytesMax: 4 * 1024 * 1024,
  /** The connection log begins a new file after so much, and keeps so many older ones. */
  connectionLogFileBytes: 16 * 1024 * 1024,
  connectionLogFilesKept: 4,
  /** Log-ins of one connection that are recorded one by one: it must not push all other records out. */
  connectionLogAuthsMax: 100,
  /** Refused connections, of all caches, that are recorded each second: they must not push all other records out. */
  connectionLogRefusalsPerSecond: 20,
  /** A connection that has not authenticated by then is closed. */
  clientAuthenticateMs: 60_000,
  /** Tokens that are verified at once, and clients that wait for it; past the second they are refused. */
  tokenVerificationsMax: 8,
  tokenVerificationsWaitingMax: 4_096,
  /** Tokens that were found good and are remembered; past it the one that was found first is forgotten. */
  tokensKnownMax: 16_384,
  /** Keys that the controller is asked for at once, and how long a client waits for one; past either its token is refused. */
  tokenKeysAskedMax: 16,
  tokenKeyMs: 6_000,
  /** Failed log-ins of one address, a second and at once; past them its next ones wait. */
  failedLoginsPerSecond: 5,
  failedLoginsBurst: 50,
  /** Log-ins of one address that wait so; past it they are refused. */
  failedLoginsWaitingMax: 50,
  /** Addresses whose failures are counted; past it the one that failed longest ago is forgotten. */
  failedLoginAddressesMax: 65_536,
  /** Connections to an engine as a user that no client has been for so long are closed. */
  poolUnusedMs: 60_000,
  /** A connection on which nothing has passed in either direction for so long is closed (Azure: 10 minutes). */
  clientIdleMs: 600_000,
  /** Bytes written to an engine that it has not taken; past it its clients are not read. */
  serverOutputPauseBytes: 1024 * 1024,
  /** Bytes sent to an engine on a shared connection that it has not answered; past it its clients are not read. */
  serverUnansweredBytesMax: 16 * 1024 * 1024,
  /** Replies that wait until replicas have what they answer, of all clients of a cache; past it the engine is not read. */
  heldReplyBytesMax: 16 * 1024 * 1024,
  /** An engine that has not taken a log-in by then is given up, and tried again. */
  serverLoginMs: 2_000,
  /** A connection that is ended and whose engine does not end it, too, is dropped: that one's host may be gone for good. */
  serverLingerMs: 5_000,
  /** How often an engine is asked whether it is there. */
  engineWatchMs: 1_000,
  /** An engine that answers nothing for so long is taken for lost: its connections are closed. */
  engineSilenceMs: 15_000,
  /** At every so many'th question it is asked how long its commands take. */
  slowLearnRounds: 10,
  /** Microseconds in the engine, on average, from which on a command takes the bulk lane. */
  slowCommandUsec: 1_000,
  /** How long commands wait for an engine that is away before they are refused. */
  holdMs: 5_000,
  /** How often a planned move looks whether its next step can be taken. */
  moveStepMs: 1,
  /** Scripts remembered for each cache, to be loaded on another node before a move. */
  scriptBytesMax: 4 * 1024 * 1024,
  /** Idle dedicated connections kept warm for each cache, database and protocol. */
  dedicatedIdleMax: 8,
  /** Longest bulk string accepted from an engine: proto-max-bulk-len, with room for what an engine adds. */
  replyBulkBytesMax: 1024 * 1024 * 1024,
  /** How long a worker waits for what another one says of its clients; past it the answer goes without. */
  workerAnswerMs: 1_000,
  /** How long a worker that starts waits until the others that are there have spoken. */
  workerMeetMs: 1_000,
  /** How long clients wait at the end of a planned move until all workers have taken their subscriptions along. */
  workerSwitchMs: 200,
  /** How long a port may seem to be somebody else's before it is: another worker may be about to tell that it is ours. */
  portContestedMs: 500,
  /** One line between two workers, and what waits on its way; past it their connection is closed, and made anew. */
  workerLineBytesMax: 64 * 1024 * 1024,
} as const;
