/** What it costs that a write waits for a replica: SET as fast as it goes, at a cache that waits and at one that does not, in turn. */
import { type Load, runLoad } from "../load.ts";
import { requestsFor } from "../matrix.ts";
import { median } from "../quantile.ts";
import type { LarderSubject } from "./larder-subject.ts";
import type { Throughput } from "./runs.ts";
import type { Measurement } from "./watched-load.ts";

/** Enough to see how fast it is. */
const firstSeconds = 0.2;

export async function measureThroughput(
  subjects: { async: LarderSubject; durable: LarderSubject },
  plan: Measurement & { rounds: number; seconds: number },
): Promise<Throughput> {
  const { clients, signal } = plan;
  const load: Load = { clients, pipeline: 1, command: "SET", valueBytes: 16 };
  const rateOf = async ({ endpoint }: LarderSubject) => {
    const first = await runLoad(endpoint, load, requestsFor(load, firstSeconds, undefined), signal);
    const requests = requestsFor(load, plan.seconds, first.requestsPerSecond);
    return (await runLoad(endpoint, load, requests, signal)).requestsPerSecond;
  };
  const rates = { async: [] as number[], durable: [] as number[] };
  for (let round = 0; round < plan.rounds; round++) {
    rates.async.push(await rateOf(subjects.async));
    rates.durable.push(await rateOf(subjects.durable));
  }
  return { clients, asyncPerSecond: median(rates.async), durablePerSecond: median(rates.durable) };
}
