/** One scenario with one number of clients, on services of its own. What fails is kept as a failure, with its cause. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { Extent } from "./extent.ts";
import { measureFrozen } from "./frozen.ts";
import { measureKills } from "./kills.ts";
import { LarderSubject, startLarderService } from "./larder-subject.ts";
import { measureMoves } from "./moves.ts";
import { startHaproxySubject } from "./peers/haproxy-subject.ts";
import { startTwemproxySubject } from "./peers/twemproxy-subject.ts";
import type { Failure, Run, Scenario, Throughput } from "./runs.ts";
import { measureScale } from "./scale.ts";
import type { Subject, SubjectName } from "./subject.ts";
import { measureThroughput } from "./throughput.ts";

export interface Results {
  runs: Run[];
  throughputs: Throughput[];
  failures: Failure[];
}

export interface ScenarioPlan {
  clients: number;
  extent: Extent;
  directory: string;
  results: Results;
  signal: AbortSignal;
}

export async function measureScenario(scenario: Scenario, plan: ScenarioPlan): Promise<void> {
  switch (scenario) {
    case "moves":
      return attempt(scenario, "larder", plan, async (stack) => {
        const subject = await LarderSubject.create(await startLarderService(stack), "bench");
        plan.results.runs.push(await measureMoves(subject, plan.extent.moves, plan));
      });
    case "kills":
      await attempt(scenario, "larder", plan, async (stack) => {
        const subject = await LarderSubject.create(await startLarderService(stack), "bench");
        plan.results.runs.push(await measureKills(subject, plan.extent.kills, plan));
      });
      return attempt(scenario, "larder-durable", plan, (stack) => measureDurable(stack, plan));
    case "frozen":
      return attempt(scenario, "larder", plan, async (stack) => {
        const subject = await LarderSubject.create(await startLarderService(stack, frozenHosts), "bench");
        plan.results.runs.push(await measureFrozen(subject, plan.extent.freezes, plan));
      });
    case "scale":
      return attempt(scenario, "larder", plan, async (stack) => {
        const subject = await LarderSubject.create(await startLarderService(stack), "bench");
        plan.results.runs.push(await measureScale(subject, plan.extent.scaledMegabytes, plan));
      });
    case "peers":
      await attempt(scenario, "haproxy", plan, (stack) => measurePeer(stack, startHaproxySubject, plan));
      return attempt(scenario, "twemproxy", plan, (stack) => measurePeer(stack, startTwemproxySubject, plan));
  }
}

/** One for each node of the cache, and one to spare. */
const frozenHosts = 3;

async function measureDurable(stack: AsyncDisposableStack, plan: ScenarioPlan): Promise<void> {
  const service = await startLarderService(stack);
  const durable = await LarderSubject.create(service, "durable", true);
  const async = await LarderSubject.create(service, "bench");
  await Promise.all([durable.untilWhole(), async.untilWhole()]);
  const { results, extent } = plan;
  results.throughputs.push(await measureThroughput({ async, durable }, { ...plan, ...extent.throughput }));
  results.runs.push(await measureKills(durable, extent.kills, plan));
}

async function measurePeer(
  stack: AsyncDisposableStack,
  start: (stack: AsyncDisposableStack, directory: string) => Promise<Subject>,
  plan: ScenarioPlan,
): Promise<void> {
  const subject = await start(stack, mkdtempSync(join(plan.directory, "peer-")));
  plan.results.runs.push(await measureMoves(subject, plan.extent.peerEvents, plan));
  plan.results.runs.push(await measureKills(subject, plan.extent.peerEvents, plan));
}

async function attempt(
  scenario: Scenario,
  subject: SubjectName,
  plan: ScenarioPlan,
  measure: (stack: AsyncDisposableStack) => Promise<void>,
): Promise<void> {
  const { clients, results, signal } = plan;
  console.error(`${scenario}: ${subject}, ${clients} clients`);
  try {
    await using stack = new AsyncDisposableStack();
    await Promise.race([measure(stack), rejectedOn(signal)]);
  } catch (error) {
    if (signal.aborted) throw error;
    const message = error instanceof Error ? error.message : String(error);
    console.error(`failed: ${message}`);
    results.failures.push({ scenario, subject, clients, message });
  }
}

/** Nobody waits for a service that is to become whole when all of it is to be stopped. */
function rejectedOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Error("stopped"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
