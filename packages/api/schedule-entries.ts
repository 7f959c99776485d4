/** The maintenance windows of a cluster as entries of a patch schedule, as caches have them, and back. Pure. */
import type { MaintenanceWindow } from "./maintenance-windows.ts";
import { type ScheduleEntry, weekdays } from "./redis-resource.ts";

const daysOf: Partial<Record<ScheduleEntry["dayOfWeek"], readonly MaintenanceWindow["schedule"]["dayOfWeek"][]>> = {
  Everyday: weekdays,
  Weekend: ["Saturday", "Sunday"],
};

export function entriesOf(windows: readonly MaintenanceWindow[]): ScheduleEntry[] {
  return windows.map(({ schedule: { dayOfWeek }, startHourUtc, duration }) => ({
    dayOfWeek,
    startHourUtc,
    maintenanceWindow: duration,
  }));
}

/** A window is of one day. */
export function windowsOf(entries: readonly ScheduleEntry[]): MaintenanceWindow[] {
  return entries.flatMap(({ dayOfWeek, startHourUtc, maintenanceWindow }) => {
    const days = daysOf[dayOfWeek] ?? weekdays.filter((day) => day === dayOfWeek);
    return days.map((day) => ({
      type: "Weekly" as const,
      duration: maintenanceWindow,
      startHourUtc,
      schedule: { dayOfWeek: day },
    }));
  });
}
