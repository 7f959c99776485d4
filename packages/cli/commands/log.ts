/** `larder log [NAME]`: what was done through the API, by whom, the newest last. */
import { type ActivityEvent, activityEvents } from "@larder/api/activity-client";
import { isSameName } from "@larder/api/names";
import { formatActivity, resourceNameOf, sinceMs } from "../activity-view.ts";
import { type CommonOptions, openContext } from "../command-context.ts";

export interface LogOptions extends CommonOptions {
  resourceGroup?: string;
  since: string;
  status?: string;
  caller?: string;
  number: number;
}

export async function log(name: string | undefined, options: LogOptions): Promise<void> {
  const { client, clock, print, terminal } = openContext(options);
  const { resourceGroup, caller, number } = options;
  const asked = {
    sinceMs: sinceMs(options.since, clock.nowMs()),
    ...(resourceGroup === undefined ? {} : { resourceGroup }),
    ...(caller === undefined ? {} : { caller }),
  };
  const found: ActivityEvent[] = [];
  for await (const event of activityEvents(client.calls, asked)) {
    if (found.length >= number) break;
    if (isWanted(event, name, options.status)) found.push(event);
  }
  found.reverse();
  print(found, () =>
    found.length === 0 ? `Nothing was done since then (${options.since}).\n` : formatActivity(found, terminal.colors),
  );
}

function isWanted(
  { resourceId, status }: ActivityEvent,
  name: string | undefined,
  wanted: string | undefined,
): boolean {
  if (wanted !== undefined && !isSameName(status.value, wanted)) return false;
  return name === undefined || isSameName(resourceNameOf(resourceId) ?? "", name);
}
