/**
 * Patch schedules: untrusted bodies of PUT on `…/patchSchedules/default` → their entries, and how long a window is.
 * Lenient and strict as `redis-parse.ts` is.
 */
import { z } from "zod";
import { choice, parseBody, wholeNumber } from "./body-values.ts";
import { type ScheduleEntry, scheduleDays } from "./redis-resource.ts";

const hourMs = 3_600_000;
const windowHoursMin = 5;
const windowHoursMax = 24;
/** Three a day. */
const entriesMax = 21;
const durationPattern = /^P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?)?$/i;
const entriesText = `must be a list of 1 to ${entriesMax} entries`;

/** Of a stored entry. */
export function windowMs(maintenanceWindow: string): number {
  const [, days, hours, minutes] = durationPattern.exec(maintenanceWindow) ?? [];
  return (Number(days ?? 0) * 24 + Number(hours ?? 0)) * hourMs + Number(minutes ?? 0) * (hourMs / 60);
}

/** Whether it is a duration of so many hours at least, and of a day at most. */
export function isWindow(text: string, hoursMin: number): boolean {
  const hours = windowMs(text) / hourMs;
  return durationPattern.test(text) && hours >= hoursMin && hours <= windowHoursMax;
}

/** Throws InvalidRequestBody or InvalidParameter with its target. */
export function parsePatchSchedule(body: unknown): ScheduleEntry[] {
  return (parseBody(scheduleBody, body) as z.infer<typeof scheduleBody>).properties.scheduleEntries;
}

const entry = z.object({
  dayOfWeek: choice(scheduleDays),
  startHourUtc: wholeNumber.pipe(z.number().max(23, "must be an hour from 0 to 23")),
  maintenanceWindow: z
    .string("must be a duration such as PT5H")
    .refine(
      (given) => isWindow(given, windowHoursMin),
      `must be a duration from PT${windowHoursMin}H to PT${windowHoursMax}H`,
    )
    .transform((given) => given.toUpperCase())
    .default(`PT${windowHoursMin}H`),
});

const scheduleBody = z.object({
  properties: z.object(
    { scheduleEntries: z.array(entry, entriesText).min(1, entriesText).max(entriesMax, entriesText) },
    "is required",
  ),
});
