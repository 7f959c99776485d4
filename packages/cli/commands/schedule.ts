/** `larder schedule NAME`: when the engine of a cache or a cluster may be updated. */
import type { ScheduleEntry } from "@larder/api/redis-resource";
import { findResource } from "../cache-lookup.ts";
import { kindOf } from "../caches/cache-kinds.ts";
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
  const { at, name: found } = await findResource(client, name, options.resourceGroup);
  const kind = kindOf(at);
  const before = await kind.schedule(client, at);
  const wanted = [...(options.clear ? [] : before), ...added];
  const entries = options.clear || added.length > 0 ? await kind.setSchedule(client, at, wanted) : before;
  print(entries, () => formatSchedule(found, entries, terminal.colors));
}

function formatSchedule(name: string, entries: readonly ScheduleEntry[], colors: Colors): string {
  if (entries.length === 0) return `${name} has no schedule: its engine may be updated at any time.\n`;
  const heading = ["DAY", "FROM (UTC)", "FOR"].map((text) => colors.dim(text));
  return formatTable([heading, ...entries.map(formatWindow)]);
}
