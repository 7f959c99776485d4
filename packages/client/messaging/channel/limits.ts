/** Bounds of channels. */
export const channelLimits = {
  /** Of one message as JSON. A longer one is refused: MESSAGE_TOO_LARGE. */
  messageBytesMax: 1024 * 1024,
  /** Of the newest messages of a channel that a process keeps for its listeners. */
  recentEntries: 1_024,
  recentBytes: 4 * 1024 * 1024,
  /** Of one read of a history. The last entries may pass the bytes. */
  pageEntries: 256,
  pageBytes: 256 * 1024,
  /** Of the newest messages, asked for at once. */
  newestMax: 1_000,
  /** Pages of a channel that are kept for whoever asks for the same next. */
  pagesKept: 4,
  /** Messages that wait while it is asked how far the history is. The oldest of more are read from the history again. */
  heldMax: 4_096,
  /** How long a channel that nobody of this process listens to any more is still heard, for those who come back. */
  lingerMs: 10_000,
  /** Pauses before what the server refused is tried again. */
  retryMsMin: 20,
  retryMsMax: 1_000,
  /** How long after its last message a channel's last id is remembered; later it is told that something may be missing. */
  lastIdMs: 24 * 3_600_000,
} as const;
