/** A window of a patch schedule as people write it: "Sunday 02:00 5h". Pure. */
import { type ScheduleEntry, scheduleDays } from "@larder/api/redis-resource";
import { CommandError } from "./failure.ts";

const windowPattern = /^([a-z]+)\s+(\d{1,2})(?::00)?(?:\s+(\d{1,2})\s*h)?$/i;

/** A day may be cut short as long as only one begins so. Throws InvalidParameter. */
export function parseWindow(text: string): ScheduleEntry {
  const [, day = "", hour, length = "5"] = windowPattern.exec(text.trim()) ?? [];
  const matching = scheduleDays.filter((known) => known.toLowerCase().startsWith(day.toLowerCase()));
  const [dayOfWeek] = matching;
  if (hour !== undefined && dayOfWeek !== undefined && matching.length === 1)
    return { dayOfWeek, startHourUtc: Number(hour), maintenanceWindow: `PT${Number(length)}H` };
  throw new CommandError(
    "InvalidParameter",
    `"${text}" is no window.`,
    'write a day, a full hour in UTC and a length, such as "Sunday 02:00 5h"; days are also Everyday and Weekend',
  );
}

/** "Sunday", "02:00", "5h". */
export function formatWindow({ dayOfWeek, startHourUtc, maintenanceWindow }: ScheduleEntry): string[] {
  const length = maintenanceWindow.replace(/^PT?/, "").replace("T", " ").toLowerCase();
  return [dayOfWeek, `${String(startHourUtc).padStart(2, "0")}:00`, length];
}
