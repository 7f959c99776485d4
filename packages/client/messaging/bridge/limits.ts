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
  /** How long a browser waits before it connects again, on average: each is told another time, so that not all come together. */
  retryMs: 2_000,
} as const;
