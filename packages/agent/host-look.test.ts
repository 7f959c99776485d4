import { afterEach, expect, test } from "bun:test";
import type { Clock } from "@larder/service";
import { HostLook, hostLookEveryMs } from "./host-look.ts";

let stopping = new AbortController();
afterEach(() => {
  stopping.abort();
  stopping = new AbortController();
});

/** A look at a host whose engines change every time, with a clock on which a minute is over when the test says so. */
function lookAt() {
  const seen: string[] = [];
  let pass: (() => void) | undefined;
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    sleep: (ms, signal) => {
      if (signal?.aborted) return Promise.resolve();
      expect(ms).toBe(hostLookEveryMs);
      const { promise, resolve } = Promise.withResolvers<void>();
      signal?.addEventListener("abort", () => resolve());
      pass = resolve;
      return promise;
    },
  };
  const look = new HostLook({
    engines: {
      lookAgain: ({ asksAll }) => {
        seen.push(asksAll ? "all engines" : "engines");
        return Promise.resolve(true);
      },
    },
    certificate: { look: () => seen.push("certificate") > 0 },
    onEngines: () => seen.push("report"),
    clock,
  });
  const ended = look.run(stopping.signal);
  return { look, seen, ended, passMinute: () => pass?.() };
}

test("looks every minute", async () => {
  const { seen, passMinute } = lookAt();
  await settled();
  expect(seen).toEqual([]);
  passMinute();
  await settled();
  expect(seen).toEqual(["certificate", "engines", "report"]);
  passMinute();
  await settled();
  expect(seen).toHaveLength(6);
});

test("looks at once when it is asked to, and asks every program", async () => {
  const { look, seen } = lookAt();
  await settled();
  look.soon();
  await settled();
  expect(seen).toEqual(["certificate", "all engines", "report"]);
});

test("ends with the agent", async () => {
  const { seen, ended } = lookAt();
  stopping.abort();
  await ended;
  expect(seen).toEqual([]);
});

/** Everything that waits for nothing has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
