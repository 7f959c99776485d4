/** The activity log as people read it and ask for it: a line an event. Pure. */
import type { ActivityEvent } from "@larder/api/activity-client";
import { CommandError } from "./failure.ts";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";
import { localTime } from "./units.ts";

const heading = ["TIME", "WHO", "FROM", "WHAT", "ON", "OUTCOME"];
const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export function formatActivity(events: readonly ActivityEvent[], colors: Colors): string {
  return formatTable([heading.map((text) => colors.dim(text)), ...events.map((event) => rowOf(event, colors))]);
}

/** "90m", "6h", "7d" before now, or a time. Throws InvalidParameter. */
export function sinceMs(text: string, nowMs: number): number {
  const [, number, unit] = /^(\d{1,6})\s*([mhd])$/i.exec(text.trim()) ?? [];
  if (number !== undefined && unit !== undefined)
    return nowMs - Number(number) * unitMs[unit.toLowerCase() as keyof typeof unitMs];
  const ms = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new CommandError("InvalidParameter", `"${text}" is no time.`, "write it as 90m, 6h, 7d or 2026-11-22T08:00Z");
}

/** Of what is in a group: the name of the whole, whatever part of it was changed. */
export function resourceNameOf(resourceId: string): string | undefined {
  return resourceId.split("/")[8];
}

function rowOf(event: ActivityEvent, colors: Colors): string[] {
  const { eventTimestamp, caller, httpRequest, operationName, resourceId } = event;
  const time = colors.dim(localTime(eventTimestamp));
  return [
    time,
    caller ?? "-",
    httpRequest.clientIpAddress || "-",
    operationName.value,
    placeOf(resourceId),
    outcomeOf(event, colors),
  ];
}

/** "redis/shop/firewallRules/office", "group web", "-" for the subscription. */
function placeOf(resourceId: string): string {
  const [, , , first, second, , , ...resource] = resourceId.split("/");
  if (resource.length > 0 && first?.toLowerCase() === "resourcegroups") return resource.join("/");
  if (first?.toLowerCase() === "resourcegroups") return `group ${second}`;
  return resourceId.split("/").slice(5).join("/") || "-";
}

function outcomeOf({ status, subStatus, properties }: ActivityEvent, colors: Colors): string {
  const text = status.value.toLowerCase();
  if (status.value !== "Failed") return text;
  return colors.red(`${text}: ${properties.statusMessage ?? subStatus.value}`);
}
