import { expect, test } from "bun:test";
import type { ScheduleEntry } from "./redis-resource.ts";
import { entriesOf, windowsOf } from "./schedule-entries.ts";

test("an entry of several days is a window on each, and windows are entries again", () => {
  const entry = (dayOfWeek: ScheduleEntry["dayOfWeek"]) => ({ dayOfWeek, startHourUtc: 2, maintenanceWindow: "PT9H" });
  const windows = windowsOf([entry("Weekend"), entry("Monday")]);
  expect(windows[0]).toEqual({
    type: "Weekly",
    duration: "PT9H",
    startHourUtc: 2,
    schedule: { dayOfWeek: "Saturday" },
  });
  expect(entriesOf(windows)).toEqual([entry("Saturday"), entry("Sunday"), entry("Monday")]);
  expect(windowsOf([entry("Everyday")])).toHaveLength(7);
});
