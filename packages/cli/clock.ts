/** Time, injected: the only file of the command line that may read the system's clocks. */
export interface Clock {
  /** Wall time in milliseconds since 1970. May jump. */
  nowMs(): number;
  /** Milliseconds since an unspecified start. Never goes back. */
  monotonicMs(): number;
  sleep(ms: number): Promise<void>;
  /** Calls back once, after `ms`. Returns what cancels it. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
