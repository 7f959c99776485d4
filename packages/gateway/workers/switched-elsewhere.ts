/** The end of a planned move where several workers serve the cache: what one's clients publish, all must hear. */
import type { Clock } from "@larder/service";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import type { WorkerBus } from "./worker-bus.ts";

/** Resolves once each worker that is there hears the target, or after `workerSwitchMs`. */
export async function switchedElsewhere(
  move: { cacheId: string; moveId: string },
  workers: Pick<WorkerBus, "ask">,
  clock: Clock,
): Promise<void> {
  const late = clock.sleep(limits.workerSwitchMs).then(() => null);
  for (;;) {
    const answers = await Promise.race([late, workers.ask({ kind: "switched", ...move })]);
    if (answers === null) counters.larder_gateway_worker_switches_late_total++;
    if (answers === null || answers.every(Boolean)) return;
    await clock.sleep(limits.moveStepMs);
  }
}
