/** The readable form of the comparison of two workers with one. */
import { type Machine, machineText } from "../machine.ts";
import type { Summary } from "../sample.ts";
import { tableText } from "../table.ts";
import { coresUsed, type WorkersRatio, workersLeast } from "./worker-goals.ts";

export interface WorkersResult {
  machine: Machine;
  /** What programs outside the measurement used of all cores during a run: noise. */
  othersShare: { median: number; max: number };
  generatorThreads: number;
  ratios: WorkersRatio[];
  summaries: Summary[];
}

export function workersReport(result: WorkersResult): string {
  return [
    "Requests per second of two gateway workers as a ratio of one's: 50 clients, values of 16 B",
    ratioTable(result.ratios),
    machineText(result.machine),
    conditionsText(result),
    ...loadTables(result),
  ].join("\n\n");
}

function ratioTable(ratios: readonly WorkersRatio[]): string {
  const rows = ratios.map(({ transport, pipeline, get, set, isMet }) => [
    `pipeline ${pipeline}: ${transport}, two workers / one`,
    `≥ ${workersLeast.toFixed(2)}`,
    get.toFixed(2),
    set.toFixed(2),
    isMet ? "met" : "not met",
  ]);
  return tableText(["", "goal", "GET", "SET", ""], rows);
}

function conditionsText({ machine, othersShare, generatorThreads, summaries }: WorkersResult): string {
  const ofTwo = summaries.filter(({ target }) => target.endsWith("2-workers"));
  const shares = ofTwo.map((summary) => coresUsed(summary).generator / machine.cores);
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return [
    `with two workers the load generator used ${percent(Math.min(...shares))} to ${percent(Math.max(...shares))} of the machine's cores; threads: ${generatorThreads}`,
    `other programs used ${percent(othersShare.median)} of the cores during a run, ${percent(othersShare.max)} at worst`,
  ].join("\n");
}

function loadTables({ summaries, machine }: WorkersResult): string[] {
  const groups = Map.groupBy(summaries, ({ load }) => JSON.stringify(load));
  return [...groups.values()].map((group) => {
    const load = group[0]?.load;
    const title = `${load?.command}, pipeline ${load?.pipeline}; cores of ${machine.cores}`;
    const header = [
      title,
      "requests/s",
      "p50 ms",
      "p99 ms",
      "generator",
      "workers",
      "engine",
      "all",
      "CPU µs: workers",
    ];
    return tableText(header, group.map(rowOf));
  });
}

function rowOf(summary: Summary): string[] {
  const { generator, workers, engine } = coresUsed(summary);
  return [
    summary.target,
    Math.round(summary.requestsPerSecond).toLocaleString("en"),
    summary.p50Ms.toFixed(2),
    summary.p99Ms.toFixed(2),
    ...[generator, workers, engine, generator + workers + engine].map((cores) => cores.toFixed(2)),
    (summary.cpuMicrosPerRequest.proxy ?? 0).toFixed(1),
  ];
}
