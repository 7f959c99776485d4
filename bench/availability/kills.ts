/** `kill -9` of the primary's engine, again and again, each time once all is whole again. */
import type { Run } from "./runs.ts";
import type { Subject } from "./subject.ts";
import { type Measurement, measureEvents } from "./watched-load.ts";

export function measureKills(subject: Subject, kills: number, measurement: Measurement): Promise<Run> {
  return measureEvents(subject, measurement, {
    scenario: "kills",
    events: kills,
    async happen(load) {
      await load.begin("SIGKILL", [await subject.primaryPid()]);
      return { ...(await load.end()), move: null };
    },
  });
}
