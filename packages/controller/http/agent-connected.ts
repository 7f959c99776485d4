/** Gives a host that is just connecting a moment to do so, as where to put a cache depends on what it reports. */
import { notReady } from "../caches/cache-refusals.ts";
import type { ApiContext } from "./api-context.ts";

const waitMs = 1_000;

/** Throws ServiceUnavailable when no agent has reported in time. */
export async function agentConnected(api: ApiContext, callerGone: AbortSignal): Promise<void> {
  const { observations, clock } = api;
  if (observations.agentReports().length > 0) return;
  const enough = new AbortController();
  const signal = AbortSignal.any([enough.signal, callerGone]);
  void clock.sleep(waitMs, signal).then(() => enough.abort());
  while (!signal.aborted && observations.agentReports().length === 0) await observations.nextChange(signal);
  enough.abort();
  if (observations.agentReports().length === 0) throw notReady();
}
