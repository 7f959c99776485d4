/**
 * Renews the server certificate while the controller runs, long before it ends (pki-directory.ts says when). Whoever
 * serves with its files sees them change.
 */
import type { Clock, Log } from "@larder/service";
import type { IssuedPair } from "./issue.ts";

const everyMs = 12 * 3_600_000;

export interface RenewalOptions {
  /** The pair in use. */
  current: IssuedPair;
  /** Renews what is due, and returns what is then on disk. */
  ensure(): Promise<IssuedPair>;
  onRenewed(pair: IssuedPair): void;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}

/** Looks twice a day until the signal aborts. A failure is tried again the next time. */
export async function keepRenewing(options: RenewalOptions): Promise<void> {
  const { ensure, onRenewed, clock, log, signal } = options;
  let { current } = options;
  for (;;) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      const pair = await ensure();
      if (pair.certificatePem === current.certificatePem) continue;
      onRenewed(pair);
      current = pair;
      log.info("server certificate renewed");
    } catch (error) {
      log.error({ err: error }, "server certificate cannot be renewed");
    }
  }
}
