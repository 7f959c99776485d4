import { expect, test } from "bun:test";
import type { CacheEvent, CacheUpdates } from "@larder/api/redis-resource";
import { formatEvents } from "./event-view.ts";
import { formatWindow, parseWindow } from "./schedule-window.ts";
import { plainColors } from "./terminal.ts";
import { formatUpdateState } from "./update-view.ts";

test("events stand in columns", () => {
  const none = { durationMs: null, holdMs: null };
  const events: CacheEvent[] = [
    { number: 1, time: "2026-11-21T02:00:00Z", kind: "created", cause: "asked for", text: "It is ready", ...none },
    {
      number: 2,
      time: "2026-11-21T03:00:01Z",
      kind: "switchover",
      cause: "a host",
      text: "b",
      durationMs: 912,
      holdMs: 4,
    },
  ];
  const lines = formatEvents(events, plainColors).split("\n");
  expect(lines[0]).toBe("TIME                 KIND        CAUSE      WHAT         DURATION  HOLD");
  expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}created {5}asked for {2}It is ready {2}- {9}-$/);
  expect(lines[2]).toEndWith("  switchover  a host     b            0.9 s     4 ms");
});

test.each([
  ["Sunday 02:00 5h", "Sunday", 2, "PT5H"],
  ["sun 2", "Sunday", 2, "PT5H"],
  ["everyday 23 8 h", "Everyday", 23, "PT8H"],
  [" Weekend 0 24h ", "Weekend", 0, "PT24H"],
] as const)("a window %p", (text, dayOfWeek, startHourUtc, maintenanceWindow) => {
  expect(parseWindow(text)).toEqual({ dayOfWeek, startHourUtc, maintenanceWindow });
});

test.each(["", "Sunday", "S 2", "2 Sunday", "Sunday 02:30", "Sunday 2 five"])("no window: %p", (text) => {
  expect(() => parseWindow(text)).toThrow("is no window");
});

test("a window is written as it is typed", () => {
  const window = (maintenanceWindow: string) =>
    formatWindow({ dayOfWeek: "Monday", startHourUtc: 3, maintenanceWindow }).join(" ");
  expect(window("PT5H")).toBe("Monday 03:00 5h");
  expect(window("PT5H30M")).toBe("Monday 03:00 5h30m");
  expect(window("P1D")).toBe("Monday 03:00 1d");
});

test("an update that waits says until when", () => {
  const updates = { state: "waiting", windowOpensNext: "2026-11-22T02:00:00.000Z" } as CacheUpdates;
  expect(formatUpdateState(updates, plainColors)).toBe("waits until Sun 2026-11-22 02:00 UTC");
});
