/** `larder schedule NAME`: when the cache's engine may be updated. */
import type { ScheduleEntry } from "@larder/api/redis-resource";
import { findCache } from "../cache-lookup.ts";
import { requireFeature } from "../caches/cache-kinds.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { formatWindow, parseWindow } from "../schedule-window.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";

export interface ScheduleOptions extends CommonOptions {
  resourceGroup?: string;
  add?: string[];
  clear?: boolean;
}

export async function schedule(name: string, options: ScheduleOptions): Promise<void> {
  const added = (options.add ?? []).map(parseWindow);
  const { client, print, terminal } = openContext(options);
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  requireFeature(cache, "schedule");
  const before = await client.getPatchSchedule(at);
  const entries = [...(options.clear ? [] : before), ...added];
  if (options.clear || added.length > 0) await client.setPatchSchedule(at, entries);
  print(entries, () => formatSchedule(cache.name, entries, terminal.colors));
}

function formatSchedule(name: string, entries: readonly ScheduleEntry[], colors: Colors): string {
  if (entries.length === 0) return `${name} has no schedule: its engine may be updated at any time.\n`;
  const heading = ["DAY", "FROM (UTC)", "FOR"].map((text) => colors.dim(text));
  return formatTable([heading, ...entries.map(formatWindow)]);
}
