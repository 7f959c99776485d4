/** A cache's history as people read it: a line an event, the newest last. Pure. */
import type { CacheEvent } from "@larder/api/redis-resource";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";
import { formatDuration, localTime } from "./units.ts";

const heading = ["TIME", "KIND", "CAUSE", "WHAT", "DURATION", "HOLD"];

export function formatEvents(events: readonly CacheEvent[], colors: Colors): string {
  return formatTable([heading.map((text) => colors.dim(text)), ...events.map((event) => rowOf(event, colors))]);
}

function rowOf({ time, kind, cause, text, durationMs, holdMs }: CacheEvent, colors: Colors): string[] {
  const duration = (ms: number | null) => (ms === null ? "-" : formatDuration(ms));
  return [colors.dim(localTime(time)), paint(kind, colors), cause, text, duration(durationMs), duration(holdMs)];
}

function paint(kind: CacheEvent["kind"], colors: Colors): string {
  if (kind === "problem") return colors.red(kind);
  return kind === "failover" ? colors.yellow(kind) : kind;
}
