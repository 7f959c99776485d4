/** The readable form of latencies at a fixed rate. */
import { type ChosenWay, wayText } from "../choose-ways.ts";
import { type Machine, machineText } from "../machine.ts";
import { tableText } from "../table.ts";
import { type LatencyGoalResult, type LatencySummary, p99AboveDirectMsMax } from "./latency-goals.ts";

export interface LatencyResult {
  machine: Machine;
  ways: ChosenWay[];
  /** Requests per second: what each gateway transport can do, and what all targets of that transport were given. */
  rates: { transport: "plain" | "TLS"; maximum: number; rate: number }[];
  othersShare: { median: number; max: number };
  goals: LatencyGoalResult[];
  summaries: LatencySummary[];
}

/** Latencies in which the generator's own lateness is more than this are about the generator. */
const lateP99MsMax = 0.2;

export function latencyReport(result: LatencyResult): string {
  return [
    "Milliseconds from the moment at which a request was to be sent to its reply, at a fixed rate: 50 clients, values of 16 B",
    goalTable(result.goals),
    machineText(result.machine),
    conditionsText(result),
    ...tables(result.summaries),
  ].join("\n\n");
}

function goalTable(goals: readonly LatencyGoalResult[]): string {
  const rows = goals.map(({ target, direct, get, set, isMet }) => [
    `p99 of ${target} above ${direct}`,
    `≤ ${p99AboveDirectMsMax.toFixed(2)}`,
    get.toFixed(2),
    set.toFixed(2),
    isMet ? "met" : "not met",
  ]);
  return tableText(["", "goal", "GET", "SET", ""], rows);
}

function conditionsText({ rates, othersShare, ways, summaries }: LatencyResult): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const late = Math.max(...summaries.map(({ lateP99Ms }) => lateP99Ms));
  const doubt = late > lateP99MsMax ? ": too late for these figures to count" : "";
  return [
    ...rates.map(
      ({ transport, maximum, rate }) =>
        `${transport}: ${rate.toLocaleString("en")} requests/s, half of the gateway's ${Math.round(maximum).toLocaleString("en")}`,
    ),
    `the generator itself was late by at most ${late.toFixed(2)} ms in 99 % of requests${doubt}`,
    `other programs used ${percent(othersShare.median)} of the cores during a run, ${percent(othersShare.max)} at worst`,
    ...ways.map(wayText),
  ].join("\n");
}

function tables(summaries: readonly LatencySummary[]): string[] {
  const groups = Map.groupBy(summaries, ({ command }) => command);
  return [...groups].map(([command, group]) => {
    const header = [command, "requests/s", "p50 ms", "p99 ms", "p99.9 ms", "late p50", "late p99", "CPU µs: generator"];
    return tableText(header, group.map(rowOf));
  });
}

function rowOf(summary: LatencySummary): string[] {
  const { p50Ms, p99Ms, p999Ms, lateP50Ms, lateP99Ms } = summary;
  return [
    summary.target,
    summary.requestsPerSecond.toLocaleString("en"),
    ...[p50Ms, p99Ms, p999Ms, lateP50Ms, lateP99Ms].map((ms) => ms.toFixed(3)),
    summary.cpuMicrosPerRequest.toFixed(1),
  ];
}
