/**
 * `properties.maintenanceConfiguration` of a cluster, which api-versions from 2025-08-01-preview on have: the windows of every week in
 * which its engine may be updated. None at all: at any time.
 */
import { z } from "zod";
import { choice, wholeNumber } from "./body-values.ts";
import { isWindow, windowMs } from "./patch-schedule.ts";
import { weekdays } from "./redis-resource.ts";

export interface MaintenanceWindow {
  type: "Weekly";
  /** ISO 8601. */
  duration: string;
  startHourUtc: number;
  schedule: { dayOfWeek: (typeof weekdays)[number] };
}

const hourMs = 3_600_000;
const weekHours = 7 * 24;
/** As Azure has it: so much time for updates there is in every week. */
const windowsMin = 2;
const windowHoursMin = 4;
const weekHoursMin = 18;
/** Three a day. */
const windowsMax = 21;

const window = z.object({
  type: choice(["Weekly"]).default("Weekly"),
  duration: z
    .string("must be a duration such as PT9H")
    .refine((given) => isWindow(given, windowHoursMin), `must be a duration from PT${windowHoursMin}H to PT24H`)
    .refine((given) => windowMs(given) % hourMs === 0, "must be of whole hours")
    .transform((given) => given.toUpperCase()),
  startHourUtc: wholeNumber.pipe(z.number().max(23, "must be an hour from 0 to 23")),
  schedule: z.object({ dayOfWeek: choice(weekdays) }, "is required"),
});

export const maintenanceConfiguration = z.object(
  {
    maintenanceWindows: z
      .array(window, "must be a list of windows")
      .max(windowsMax, `may have at most ${windowsMax} windows`)
      .refine(hasWindowsEnough, `must be empty, or have at least ${windowsMin} windows`)
      .refine(hasHoursEnough, `must be empty, or have at least ${weekHoursMin} hours of the week`),
  },
  "must be an object",
);

function hasWindowsEnough({ length }: MaintenanceWindow[]): boolean {
  return length === 0 || length >= windowsMin;
}

/** What two windows share counts once. One that is longer than the whole week has been found fault with already. */
function hasHoursEnough(windows: MaintenanceWindow[]): boolean {
  const hours = windows.flatMap(({ schedule, startHourUtc, duration }) => {
    const first = weekdays.indexOf(schedule.dayOfWeek) * 24 + startHourUtc;
    const length = Math.min(windowMs(duration) / hourMs, weekHours);
    return Array.from({ length }, (_, index) => (first + index) % weekHours);
  });
  return windows.length === 0 || new Set(hours).size >= weekHoursMin;
}
