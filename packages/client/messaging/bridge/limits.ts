/** Bounds of bridges to browsers. Each is an option of the bridge, too. */
export const bridgeLimits = {
  /** Of one bridge. One more gets 503, or close code 1013. */
  clientsMax: 10_000,
  /** What may wait for one client in this process beyond what its socket takes; the rest waits in the channel. */
  clientBytesMax: 64 * 1024,
  /** How often something is sent to a client that hears nothing. Below 10 s, after which Bun closes a silent response. */
  heartbeatMs: 8_000,
  /** A client that takes nothing for so long is closed. It resumes when it comes back. */
  stallMs: 30_000,
  /** Of what a browser sends on a WebSocket. More closes it: 1009. */
  receivedBytesMax: 64 * 1024,
  /** A WebSocket that was silent for so many heartbeats, pings unanswered, is closed. */
  silentBeatsMax: 3,
  /** How often it is looked whether a WebSocket that was full has room again: there is no event for it. */
  roomEveryMs: 20,
  /** How long a browser waits before it connects again, on average: each is told another time, so that not all come together. */
  retryMs: 2_000,
} as const;
