import { expect, test } from "bun:test";
import type { TargetName } from "../sample.ts";
import { halfOf, judgeLatency, type LatencySample, summarizeLatency } from "./latency-goals.ts";

/** p99 by target; the second of the three rounds is a bad moment of the machine. */
function samplesOf(p99s: Partial<Record<TargetName, number>>): LatencySample[] {
  return [0, 5, 0.01].flatMap((noiseMs, round) =>
    (["GET", "SET"] as const).flatMap((command) =>
      Object.entries(p99s).map(([target, p99Ms]) => ({
        target: target as TargetName,
        command,
        round,
        requestsPerSecond: 40_000,
        measured: 100_000,
        p50Ms: p99Ms / 4,
        p99Ms: p99Ms + noiseMs,
        p999Ms: p99Ms * 2,
        lateP50Ms: 0.02,
        lateP99Ms: 0.1,
        cpuMicrosPerRequest: 10,
        othersShare: 0,
      })),
    ),
  );
}

test("the gateway is compared with the direct way of the same round", () => {
  const results = judgeLatency(samplesOf({ valkey: 0.5, larder: 0.75, "valkey-tls": 0.5, "larder-tls": 1 }));
  expect(results.map(({ target, get, isMet }) => [target, get, isMet])).toEqual([
    ["larder-tls", 0.5, false],
    ["larder", 0.25, true],
  ]);
});

test("one slow command is enough to miss the goal; what was not measured misses it too", () => {
  const samples = samplesOf({ valkey: 0.5, larder: 0.75 });
  for (const sample of samples) if (sample.target === "larder" && sample.command === "SET") sample.p99Ms += 1;
  expect(judgeLatency(samples).map(({ isMet }) => isMet)).toEqual([false, false]);
});

test("a summary holds the medians", () => {
  const [summary] = summarizeLatency(samplesOf({ valkey: 0.5 }));
  expect(summary).toMatchObject({ target: "valkey", command: "GET", rounds: 3, p99Ms: 0.51, p999Ms: 1 });
});

test("half of the maximum, in hundreds", () => {
  expect(halfOf(91_250)).toBe(45_600);
});
