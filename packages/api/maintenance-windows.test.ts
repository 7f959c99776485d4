import { expect, test } from "bun:test";
import { parseClusterUpdate } from "./enterprise-parse.ts";

const configuration = "properties.maintenanceConfiguration";

function window(dayOfWeek: string, startHourUtc: number, duration = "PT9H") {
  return { type: "Weekly", duration, startHourUtc, schedule: { dayOfWeek } };
}

function parsed(maintenanceWindows: unknown) {
  return parseClusterUpdate({ properties: { maintenanceConfiguration: { maintenanceWindows } } }).properties;
}

test("windows are taken as they are written, and may be none", () => {
  const windows = [window("saturday", 20), { ...window("Sunday", 20, "pt9h"), type: "weekly" }];
  expect(parsed(windows)?.maintenanceConfiguration?.maintenanceWindows).toEqual([
    { type: "Weekly", duration: "PT9H", startHourUtc: 20, schedule: { dayOfWeek: "Saturday" } },
    { type: "Weekly", duration: "PT9H", startHourUtc: 20, schedule: { dayOfWeek: "Sunday" } },
  ]);
  expect(parsed([])?.maintenanceConfiguration?.maintenanceWindows).toEqual([]);
});

test.each<[unknown[], string, string]>([
  [[window("Monday", 0, "PT24H")], "", "at least 2 windows"],
  [[window("Monday", 0), window("Tuesday", 0, "PT8H")], "", "at least 18 hours"],
  [[window("Sunday", 20), window("Sunday", 23)], "", "at least 18 hours"],
  [[window("Monday", 0), window("Tuesday", 0, "PT3H")], ".1.duration", "from PT4H to PT24H"],
  [[window("Monday", 0), window("Tuesday", 0, "PT9H30M")], ".1.duration", "whole hours"],
  [[window("Monday", 0), window("Tuesday", 24)], ".1.startHourUtc", "from 0 to 23"],
  [[window("Monday", 0), window("Weekend", 0)], ".1.schedule.dayOfWeek", "one of Monday"],
  [[{ ...window("Monday", 0), type: "Daily" }, window("Tuesday", 0)], ".0.type", "one of Weekly"],
])("%j is refused", (windows, below, message) => {
  const target = `${configuration}.maintenanceWindows${below}`;
  expect(() => parsed(windows)).toThrow(expect.objectContaining({ code: "InvalidParameter", target }));
  expect(() => parsed(windows)).toThrow(message);
});
