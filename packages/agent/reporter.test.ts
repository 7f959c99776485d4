import { expect, test } from "bun:test";
import type { Clock } from "@larder/service";
import { Reporter, type ReportFate } from "./reporter.ts";

/** A clock whose sleeps end only when they are cut short, and which notes how long they were to be. */
function recordingClock() {
  const sleeps: number[] = [];
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    sleep(ms, signal) {
      sleeps.push(ms);
      return new Promise((resolve) => {
        if (signal?.aborted) resolve();
        else signal?.addEventListener("abort", () => resolve(), { once: true });
      });
    },
  };
  return { clock, sleeps };
}

test("changes during a report lead to one more, and a report that was not taken is repeated soon", async () => {
  const { clock, sleeps } = recordingClock();
  const stopped = new AbortController();
  let sent = 0;
  const reporter = new Reporter({
    clock,
    everyMs: 2_000,
    async send() {
      sent++;
      if (sent === 1) for (let change = 0; change < 3; change++) reporter.changed();
      if (sent === 2) stopped.abort();
      return sent === 1 ? "taken" : "failed";
    },
  });
  await reporter.run(stopped.signal);
  expect(sent).toBe(2);
  expect(sleeps).toEqual([2_000, 200]);
});

test("a report that came too late is made again at once, but a controller that takes none is not pressed", async () => {
  const { clock, sleeps } = recordingClock();
  const stopped = new AbortController();
  const fates: ReportFate[] = ["too late", "taken", "too late", "too late", "too late"];
  const sentAfter: number[] = [];
  const reporter = new Reporter({
    clock,
    everyMs: 2_000,
    async send() {
      sentAfter.push(sleeps.length);
      reporter.changed();
      const fate = fates.shift();
      if (fate === undefined) stopped.abort();
      return fate ?? "failed";
    },
  });
  await reporter.run(stopped.signal);
  expect(sleeps).toEqual([2_000, 200, 200]);
  expect(sentAfter).toEqual([0, 0, 1, 1, 2, 2]);
});
