/** A controller whose clock the test moves into a window, with nothing else happening. */
import { afterEach, expect, test } from "bun:test";
import { type Clock, systemClock } from "@larder/service";
import { ControllerFixture } from "../controller-fixture.ts";

/** So long a sleep is cut short: the look at all caches. */
const longMs = 10_000;
const hourMs = 3_600_000;
let aheadMs = 0;
const clock: Clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs() + aheadMs,
  sleep: (ms, signal) => systemClock.sleep(ms === longMs ? 50 : ms, signal),
};
const fixture = new ControllerFixture({ clock });
afterEach(() => fixture.stop());

test("an update waits for its window and begins when that opens", async () => {
  await fixture.start();
  const cache = `${await fixture.group()}/providers/Microsoft.Cache/redis/shop`;
  const [old] = fixture.agent.engines;
  if (old === undefined) throw new Error("the fake agent has an engine");
  fixture.agent.outcome = ({ nodeId, engineVersion }) => ({ runId: nodeId, engine: { ...old, ...engineVersion } });
  const body = { location: "local", properties: { sku: { name: "Standard", family: "C", capacity: 0 } } };
  await fixture.ended(await fixture.call("PUT", cache, { body }));
  const startHourUtc = (new Date(clock.nowMs()).getUTCHours() + 12) % 24;
  const scheduleEntries = [{ dayOfWeek: "Everyday", startHourUtc }];
  await fixture.call("PUT", `${cache}/patchSchedules/default`, { body: { properties: { scheduleEntries } } });

  fixture.agent.engines = [{ ...old, version: "8.1.0" }, old];
  await fixture.agent.report();
  const versions = () => fixture.agent.desired?.nodes.map(({ engineVersion }) => engineVersion?.version);
  expect((await fixture.call("GET", `${cache}/updates`)).body.state).toBe("waiting");
  // Time for some looks at all caches, which change nothing.
  await systemClock.sleep(200);
  expect(versions()).toEqual(["8.0.1", "8.0.1"]);

  aheadMs = 12 * hourMs;
  const deadlineMs = systemClock.monotonicMs() + 4_000;
  while (!versions()?.includes("8.1.0") && systemClock.monotonicMs() < deadlineMs) await systemClock.sleep(10);
  expect(versions()).toContain("8.1.0");
});
