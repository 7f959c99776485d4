/** Planned moves of the primary, one after the other, under load. */
import type { Run } from "./runs.ts";
import type { Subject } from "./subject.ts";
import { type Measurement, measureEvents } from "./watched-load.ts";

export function measureMoves(subject: Subject, moves: number, measurement: Measurement): Promise<Run> {
  return measureEvents(subject, measurement, {
    scenario: "moves",
    events: moves,
    async happen(load) {
      await load.begin();
      const move = await subject.move();
      await subject.untilWhole();
      return { ...(await load.end()), move };
    },
  });
}
