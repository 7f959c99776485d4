import { expect, test } from "bun:test";
import { goals, judgeGoals } from "./goals.ts";
import type { Sample, TargetName } from "./sample.ts";

/** Rates by target; each round of the machine is slower than the last, for all alike. */
function samplesOf(rates: Partial<Record<TargetName, number>>): Sample[] {
  return [1, 0.5, 0.25].flatMap((speed, round) =>
    Object.entries(rates).flatMap(([target, rate]) =>
      ([1, 16] as const).flatMap((pipeline) =>
        (["GET", "SET"] as const).map((command) => ({
          target: target as TargetName,
          load: { clients: 50, pipeline, command, valueBytes: 16 },
          round,
          requestsPerSecond: rate * speed,
          p50Ms: 0,
          p99Ms: 0,
          cpuMicrosPerRequest: { generator: 0, proxy: null, engine: 0 },
          othersShare: 0,
          repeats: 0,
        })),
      ),
    ),
  );
}

const peers = { valkey: 100, "valkey-tls": 80, haproxy: 50, "haproxy-tls": 40, twemproxy: 70 };

test("ratios compare targets within a round", () => {
  const results = judgeGoals(samplesOf({ ...peers, larder: 90, "larder-tls": 82 }));
  expect(results.map(({ get, set }) => [get, set])).toEqual([
    [1.025, 1.025],
    [2.05, 2.05],
    [0.9, 0.9],
    [1.8, 1.8],
    [90 / 70, 90 / 70],
    [2.05, 2.05],
    [1.8, 1.8],
  ]);
  expect(results.every(({ isMet }) => isMet)).toBe(true);
});

test("a goal needs both commands", () => {
  const samples = samplesOf({ ...peers, larder: 90, "larder-tls": 82 });
  for (const sample of samples) {
    if (sample.target === "larder" && sample.load.command === "SET") sample.requestsPerSecond /= 10;
  }
  const unmet = judgeGoals(samples).filter(({ isMet }) => !isMet);
  expect(unmet.map(({ target }) => target)).toEqual(
    goals.filter(({ target }) => target === "larder").map(() => "larder"),
  );
});

test("a target that was not measured meets nothing", () => {
  expect(judgeGoals(samplesOf(peers)).some(({ isMet }) => isMet)).toBe(false);
});
