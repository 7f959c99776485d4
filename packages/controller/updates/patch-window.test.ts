import { describe, expect, test } from "bun:test";
import type { ScheduleEntry } from "@larder/api";
import { isOpen, nextOpening } from "./patch-window.ts";

function entry(dayOfWeek: ScheduleEntry["dayOfWeek"], startHourUtc: number, maintenanceWindow = "PT5H"): ScheduleEntry {
  return { dayOfWeek, startHourUtc, maintenanceWindow };
}

// 2026-11-21 is a Saturday.
describe("is open", () => {
  test.each<[string, ScheduleEntry[], boolean]>([
    ["2026-11-21T12:00:00Z", [], true],
    ["2026-11-21T01:59:59Z", [entry("Saturday", 2)], false],
    ["2026-11-21T02:00:00Z", [entry("Saturday", 2)], true],
    ["2026-11-21T06:59:59Z", [entry("Saturday", 2)], true],
    ["2026-11-21T07:00:00Z", [entry("Saturday", 2)], false],
    ["2026-11-22T03:00:00Z", [entry("Saturday", 2)], false],
    ["2026-11-21T03:00:00Z", [entry("Friday", 22, "PT6H")], true],
    ["2026-11-21T04:00:00Z", [entry("Friday", 22, "PT6H")], false],
    ["2026-11-21T21:00:00Z", [entry("Friday", 22, "P1D")], true],
    ["2026-11-22T23:30:00Z", [entry("Saturday", 23, "PT24H")], false],
    ["2026-11-23T01:00:00Z", [entry("Weekend", 23)], true],
    ["2026-11-23T23:30:00Z", [entry("Weekend", 23)], false],
    ["2026-11-24T00:30:00Z", [entry("Everyday", 22)], true],
    ["2026-11-24T12:00:00Z", [entry("Everyday", 22)], false],
    ["2026-11-24T12:00:00Z", [entry("Everyday", 22), entry("Tuesday", 10)], true],
  ])("%s with %j: %p", (now, schedule, open) => {
    expect(isOpen(schedule, Date.parse(now))).toBe(open);
  });
});

describe("opens next", () => {
  test.each<[string, ScheduleEntry[], string | null]>([
    ["2026-11-21T12:00:00Z", [], null],
    ["2026-11-21T01:00:00Z", [entry("Saturday", 2)], "2026-11-21T02:00:00.000Z"],
    ["2026-11-21T02:00:00Z", [entry("Saturday", 2)], "2026-11-28T02:00:00.000Z"],
    ["2026-11-21T12:00:00Z", [entry("Friday", 0)], "2026-11-27T00:00:00.000Z"],
    ["2026-11-21T12:00:00Z", [entry("Everyday", 3)], "2026-11-22T03:00:00.000Z"],
    ["2026-11-22T12:00:00Z", [entry("Weekend", 3)], "2026-11-28T03:00:00.000Z"],
    ["2026-12-31T23:00:00Z", [entry("Friday", 1), entry("Monday", 1)], "2027-01-01T01:00:00.000Z"],
  ])("after %s with %j: %p", (now, schedule, next) => {
    const atMs = nextOpening(schedule, Date.parse(now));
    expect(atMs === null ? null : new Date(atMs).toISOString()).toBe(next);
  });
});
