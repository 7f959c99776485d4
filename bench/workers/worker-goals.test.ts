import { expect, test } from "bun:test";
import type { Load } from "../load.ts";
import type { Sample, TargetName } from "../sample.ts";
import { coresUsed, judgeWorkers } from "./worker-goals.ts";

function sample(target: TargetName, load: Partial<Load>, round: number, requestsPerSecond: number): Sample {
  return {
    target,
    load: { clients: 50, pipeline: 1, command: "GET", valueBytes: 16, ...load },
    round,
    requestsPerSecond,
    p50Ms: 0,
    p99Ms: 0,
    cpuMicrosPerRequest: { generator: 7, proxy: 8, engine: 3 },
    othersShare: 0,
    repeats: 0,
  };
}

/** Every load in three rounds, of which the second is a slow moment of the machine. */
function samplesOf(rates: Partial<Record<TargetName, number>>): Sample[] {
  return [1, 0.2, 1].flatMap((speed, round) =>
    (["GET", "SET"] as const).flatMap((command) =>
      [1, 16].flatMap((pipeline) =>
        Object.entries(rates).map(([target, rate]) =>
          sample(target as TargetName, { command, pipeline }, round, rate * speed),
        ),
      ),
    ),
  );
}

test("two workers are compared with one of the same round, each way of connecting by itself", () => {
  const ratios = judgeWorkers(
    samplesOf({ larder: 100, "larder-2-workers": 150, "larder-tls": 80, "larder-tls-2-workers": 104 }),
  );
  expect(ratios.map(({ transport, pipeline, get, set, isMet }) => [transport, pipeline, get, set, isMet])).toEqual([
    ["TLS", 1, 1.3, 1.3, false],
    ["TLS", 16, 1.3, 1.3, false],
    ["plain", 1, 1.5, 1.5, true],
    ["plain", 16, 1.5, 1.5, true],
  ]);
});

test("what was not measured meets nothing", () => {
  expect(judgeWorkers(samplesOf({ larder: 100 })).some(({ isMet }) => isMet)).toBe(false);
});

test("CPU time for each request, times requests per second, is cores", () => {
  expect(coresUsed(sample("larder", {}, 0, 100_000))).toEqual({ generator: 0.7, workers: 0.8, engine: 0.3 });
});
