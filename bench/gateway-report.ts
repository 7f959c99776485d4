/** The readable form of a gateway comparison: wanted ratios first, then every load's table. */
import { type ChosenWay, wayText } from "./choose-ways.ts";
import type { GoalResult } from "./goals.ts";
import { type Machine, machineText } from "./machine.ts";
import type { Summary } from "./sample.ts";
import { tableText } from "./table.ts";

export interface GatewayResult {
  matrix: "quick" | "full";
  machine: Machine;
  /** What programs outside the measurement used of all cores during a run: noise. */
  othersShare: { median: number; max: number };
  generatorThreads: number;
  ways: ChosenWay[];
  goals: GoalResult[];
  summaries: Summary[];
}

/** Above it, ratios between targets move by more than a few hundredths from run to run. */
const noiseMax = 0.05;

export function gatewayReport(result: GatewayResult): string {
  return [
    "Requests per second as ratios: 50 clients, values of 16 B, one thread for each proxy",
    goalTable(result.goals),
    machineText(result.machine),
    conditionsText(result),
    ...loadTables(result.summaries),
  ].join("\n\n");
}

function conditionsText({ othersShare, generatorThreads, ways, summaries }: GatewayResult): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const noise = othersShare.median > noiseMax ? ": too much for these figures to count" : "";
  return [
    `other programs used ${percent(othersShare.median)} of the cores during a run, ${percent(othersShare.max)} at worst${noise}`,
    `threads of the load generator: ${generatorThreads}`,
    ...ways.map(wayText),
    ...summaries.filter(({ repeats }) => repeats > 0).map(repeatsText),
  ].join("\n");
}

function goalTable(goals: readonly GoalResult[]): string {
  const rows = goals.map((goal) => [
    `pipeline ${goal.pipeline}: ${goal.target} / ${goal.peer}`,
    `≥ ${goal.least.toFixed(2)}`,
    goal.get.toFixed(2),
    goal.set.toFixed(2),
    goal.isMet ? "met" : "not met",
  ]);
  return tableText(["", "goal", "GET", "SET", ""], rows);
}

function repeatsText({ target, load, repeats }: Summary): string {
  const { command, clients, pipeline, valueBytes } = load;
  return `${target} dropped connections and was measured again ${repeats}×: ${command}, ${valueBytes} B, ${clients} clients, pipeline ${pipeline}`;
}

function loadTables(summaries: readonly Summary[]): string[] {
  const groups = Map.groupBy(summaries, ({ load }) => JSON.stringify(load));
  return [...groups.values()].map((group) => {
    const load = group[0]?.load;
    const title = `${load?.command}, ${load?.valueBytes} B, ${load?.clients} clients, pipeline ${load?.pipeline}`;
    const header = [title, "requests/s", "p50 ms", "p99 ms", "CPU µs: proxy", "engine", "both", "generator"];
    return tableText(header, group.map(rowOf));
  });
}

function rowOf({ target, requestsPerSecond, p50Ms, p99Ms, cpuMicrosPerRequest: cpu }: Summary): string[] {
  return [
    target,
    Math.round(requestsPerSecond).toLocaleString("en"),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    cpu.proxy === null ? "–" : cpu.proxy.toFixed(1),
    cpu.engine.toFixed(1),
    ((cpu.proxy ?? 0) + cpu.engine).toFixed(1),
    cpu.generator.toFixed(1),
  ];
}
