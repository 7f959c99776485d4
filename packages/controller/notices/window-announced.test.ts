/** A controller whose clock the test moves close to a window, with nothing else happening. */
import { afterEach, expect, test } from "bun:test";
import { type Clock, systemClock } from "@larder/service";
import { ControllerFixture } from "../controller-fixture.ts";
import { noticeChannel } from "./maintenance-notice.ts";

/** So long a sleep is cut short: the look at all caches. */
const longMs = 10_000;
const hourMs = 3_600_000;
const minuteMs = 60_000;
let aheadMs = 0;
let looks = 0;
const clock: Clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs() + aheadMs,
  sleep: (ms, signal) => {
    if (ms === longMs) looks++;
    return systemClock.sleep(ms === longMs ? 20 : ms, signal);
  },
};
const fixture = new ControllerFixture({ clock });
afterEach(() => fixture.stop());

async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 4_000;
  while (!holds() && systemClock.monotonicMs() < deadlineMs) await systemClock.sleep(5);
  expect(holds()).toBe(true);
}

test("an update that waits for its window is announced once, shortly before", async () => {
  await fixture.start();
  const cache = `${await fixture.group()}/providers/Microsoft.Cache/redis/shop`;
  const [old] = fixture.agent.engines;
  if (old === undefined) throw new Error("the fake agent has an engine");
  const body = { location: "local", properties: { sku: { name: "Standard", family: "C", capacity: 0 } } };
  await fixture.ended(await fixture.call("PUT", cache, { body }));
  const opensMs = (Math.floor(clock.nowMs() / hourMs) + 12) * hourMs;
  const scheduleEntries = [{ dayOfWeek: "Everyday", startHourUtc: new Date(opensMs).getUTCHours() }];
  await fixture.call("PUT", `${cache}/patchSchedules/default`, { body: { properties: { scheduleEntries } } });
  fixture.agent.engines = [{ ...old, version: "8.1.0" }, old];
  await fixture.agent.report();
  const looksBefore = looks;
  await until(() => looks > looksBefore + 3);
  expect(fixture.agent.orders).toEqual([]);

  aheadMs = opensMs - systemClock.nowMs() - 10 * minuteMs;
  await until(() => fixture.agent.orders.length > 0);
  const looksAfter = looks;
  await until(() => looks > looksAfter + 3);
  const time = new Date(opensMs).toISOString().slice(0, 19);
  const [order, ...others] = fixture.agent.orders;
  expect(others).toEqual([]);
  expect(order).toMatchObject({ kind: "publish", channel: noticeChannel });
  expect(order?.kind === "publish" && order.message).toStartWith(
    `NotificationType|NodeMaintenanceScheduled|StartTimeInUTC|${time}|IsReplica|False|IPAddress|127.0.0.1|`,
  );
});
