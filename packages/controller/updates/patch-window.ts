/**
 * When a patch schedule lets engines be updated. Pure; all in UTC. A window begins on its day and may reach into the
 * next. Without entries any time is right.
 */
import { type ScheduleEntry, windowMs } from "@larder/api";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Of the day that begins the epoch, counted from Sunday. */
const epochWeekday = 4;
const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

export function isOpen(schedule: readonly ScheduleEntry[], nowMs: number): boolean {
  if (schedule.length === 0) return true;
  return schedule.some((entry) => {
    const lengthMs = windowMs(entry.maintenanceWindow);
    const daysBack = Math.ceil(lengthMs / dayMs);
    return startsOf(entry, nowMs, -daysBack, 0).some((startMs) => startMs <= nowMs && nowMs < startMs + lengthMs);
  });
}

/** The start of the next window after now; null where there are none. */
export function nextOpening(schedule: readonly ScheduleEntry[], nowMs: number): number | null {
  const starts = schedule.flatMap((entry) => startsOf(entry, nowMs, 0, weekdays.length));
  const later = starts.filter((startMs) => startMs > nowMs);
  return later.length === 0 ? null : Math.min(...later);
}

/** The starts on the days from `first` to `last`, where 0 is today. */
function startsOf(entry: ScheduleEntry, nowMs: number, first: number, last: number): number[] {
  const today = Math.floor(nowMs / dayMs);
  const days = Array.from({ length: last - first + 1 }, (_, index) => today + first + index);
  return days.filter((day) => isOn(entry, day)).map((day) => day * dayMs + entry.startHourUtc * hourMs);
}

function isOn({ dayOfWeek }: ScheduleEntry, day: number): boolean {
  const weekday = weekdays[(day + epochWeekday) % weekdays.length];
  if (dayOfWeek === "Everyday") return true;
  if (dayOfWeek === "Weekend") return weekday === "Saturday" || weekday === "Sunday";
  return weekday === dayOfWeek;
}
