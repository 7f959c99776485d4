import { expect, test } from "bun:test";
import { chosenBackup, formatEvery, parseEvery } from "./backup-arguments.ts";

test("times between backups are written as people do", () => {
  expect(["15m", "6h", "1d", "90 m"].map(parseEvery)).toEqual([15, 360, 1440, 90]);
  expect([15, 90, 360, 2880].map(formatEvery)).toEqual(["15 min", "90 min", "6 h", "2 d"]);
  for (const text of ["", "6", "h", "6 weeks", "-1h"]) expect(() => parseEvery(text)).toThrow("no time between");
});

test("a backup is named by the beginning of its name, or as the latest", () => {
  const names = ["2026-11-22T06:00:00Z", "2026-11-22T00:00:00Z", "2026-11-21T00:00:00Z"];
  expect(chosenBackup("latest", names)).toBe(names[0]!);
  expect(chosenBackup("2026-11-22T00:00Z", names)).toBe(names[1]!);
  expect(chosenBackup("2026-11-21", names)).toBe(names[2]!);
  expect(() => chosenBackup("2026-11-22", names)).toThrow("Several");
  expect(() => chosenBackup("2025", names)).toThrow("no backup");
  expect(() => chosenBackup("latest", [])).toThrow("no backup");
});
