import { expect, test } from "bun:test";
import { policyFixture } from "../documents/backup-fixture.ts";
import { nextBackupMs } from "./backup-times.ts";

const at = (text: string) => Date.parse(`2026-11-${text}Z`);
const shown = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString().slice(8, 16));

test("the first is made at once, the next from the end of the one before, and none beside another", () => {
  const createdMs = at("22T10:00");
  expect(nextBackupMs(policyFixture({}, { createdMs }))).toBe(createdMs);
  const last = { begunMs: at("22T10:00"), endedMs: at("22T10:20") };
  expect(shown(nextBackupMs(policyFixture({}, { createdMs, last })))).toBe("22T11:20");
  expect(nextBackupMs(policyFixture({}, { createdMs, last: { ...last, endedMs: null } }))).toBeNull();
});

test("each is later by its cache's part of a tenth, and of five minutes at most", () => {
  const last = { begunMs: at("22T10:00"), endedMs: at("22T10:00") };
  expect(shown(nextBackupMs(policyFixture({ everyMinutes: 20 }, { jitter: 0.5, last })))).toBe("22T10:21");
  expect(shown(nextBackupMs(policyFixture({ everyMinutes: 1440 }, { jitter: 1, last })))).toBe("23T10:05");
});

test.each([
  ["03:30", 360, "22T10:00", "22T15:30"],
  ["03:30", 360, "22T15:30", "22T21:30"],
  ["03:30", 1440, "22T03:29", "22T03:30"],
  ["03:30", 1440, "22T03:30", "23T03:30"],
  ["23:00", 60, "22T10:10", "22T11:00"],
])("from %s every %d minutes: after %s comes %s", (startAt, everyMinutes, before, next) => {
  const schedule = { startAt, everyMinutes };
  expect(shown(nextBackupMs(policyFixture(schedule, { createdMs: at(before) })))).toBe(next);
  const last = { begunMs: at(before), endedMs: at(before) };
  expect(shown(nextBackupMs(policyFixture(schedule, { last })))).toBe(next);
  // Its own delay does not make the time count as one that is still to come.
  const late = { begunMs: at(before) + 300_000, endedMs: at(before) + 400_000 };
  if (everyMinutes >= 360)
    expect(nextBackupMs(policyFixture(schedule, { last: late, jitter: 1 }))).toBe(at(next) + 300_000);
});

test("of those that were missed one is due, at once", () => {
  const last = { begunMs: at("20T03:30"), endedMs: at("20T03:31") };
  expect(shown(nextBackupMs(policyFixture({ startAt: "03:30", everyMinutes: 1440 }, { last })))).toBe("21T03:30");
});
