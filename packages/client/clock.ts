/** Time, injected: the only file of the package that may read the system's clocks. Tests pass a clock that they move themselves. */
export interface Clock {
  /** Wall time in milliseconds since 1970. May jump: for what is stored or shown, never for how long something took. */
  nowMs(): number;
  /** Milliseconds since an unspecified start. Never goes back. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done, { once: true });
    });
  },
};
