/** The readable form of what clients noticed. */
import { type Machine, machineText } from "../machine.ts";
import { quantile } from "../quantile.ts";
import { tableText } from "../table.ts";
import type { GoalResult } from "./availability-goals.ts";
import type { Extent } from "./extent.ts";
import type { Results } from "./measure-scenario.ts";
import type { MeasuredEvent, Run } from "./runs.ts";

export interface AvailabilityResult extends Results {
  machine: Machine;
  extent: Extent;
  /** Numbers of clients. */
  clients: readonly number[];
  goals: GoalResult[];
}

/** Of each run; the others are counted together. */
const errorTextsMax = 6;

export function availabilityReport(result: AvailabilityResult): string {
  return [
    "What clients notice of planned moves, killed primaries, frozen hosts and a larger size",
    ...goalTable(result),
    machineText(result.machine),
    ...failureText(result),
    ...eventTables(result.runs),
    ...writesTable(result.runs),
    ...otherTexts(result),
    ...errorText(result.runs),
  ].join("\n\n");
}

function goalTable({ clients, goals }: AvailabilityResult): string[] {
  if (goals.length === 0) return [];
  const rows = goals.map(({ text, limit, values, isMet }) => [text, limit, ...values, isMet ? "met" : "not met"]);
  return [tableText(["", "goal", ...clients.map((count) => `${count} clients`), ""], rows)];
}

function failureText({ failures }: AvailabilityResult): string[] {
  const lines = failures.map(
    ({ scenario, subject, clients, message }) =>
      `not measured: ${scenario}, ${subject}, ${clients} clients: ${message}`,
  );
  return lines.length === 0 ? [] : [lines.join("\n")];
}

const titles: Record<Run["scenario"], string> = {
  moves: "planned moves",
  kills: "kill -9",
  frozen: "frozen host",
  scale: "larger size",
};

/** Milliseconds, as clients saw them but for the hold, which is the service's own figure. */
const eventColumns = [
  ...["times", "first write p50", "worst", "no write p50", "worst", "worst client"],
  ...["hold p50", "p99", "seen p50", "p99"],
];

function eventTables(runs: readonly Run[]): string[] {
  return [...Map.groupBy(runs, ({ scenario }) => scenario)].map(([scenario, group]) =>
    tableText([`${titles[scenario]}, ms`, ...eventColumns], group.map(eventRow)),
  );
}

function eventRow(run: Run): string[] {
  const { events } = run;
  const isPlanned = run.scenario === "moves" || run.scenario === "scale";
  const at = (values: readonly number[], fraction: number) =>
    values.length === 0 ? "–" : msText(quantile(values, fraction));
  const firsts = isPlanned ? [] : events.map(({ firstWriteMs }) => firstWriteMs ?? Number.POSITIVE_INFINITY);
  const gaps = events.map(({ gapMs }) => gapMs);
  const holds = events.flatMap(({ move }) => (move?.holdMs == null ? [] : [move.holdMs]));
  const seen = isPlanned ? events.map(seenHoldMs) : [];
  return [
    nameOf(run),
    String(events.length),
    ...[at(firsts, 0.5), at(firsts, 1), at(gaps, 0.5), at(gaps, 1)],
    msText(Math.max(...events.map(({ clientGapMs }) => clientGapMs))),
    ...[at(holds, 0.5), at(holds, 0.99), at(seen, 0.5), at(seen, 0.99)],
  ];
}

/** The longest time without an acknowledged write, less what a write takes anyway. */
function seenHoldMs({ gapMs, latency }: MeasuredEvent): number {
  return Math.max(0, gapMs - latency.p50Ms);
}

/** Of whole runs. "lost" and "twice" of messages, and then of elements of queues. */
const writeColumns = [
  ...["writes/s", "reads/s", "errors", "failed reads", "reconnects", "lost", "doubled"],
  ...["messages lost", "twice", "elements lost", "twice", "torn"],
];

function writesTable(runs: readonly Run[]): string[] {
  return runs.length === 0 ? [] : [tableText(["", ...writeColumns], runs.map(writesRow))];
}

function writesRow(run: Run): string[] {
  const { load } = run;
  const errors = load.errors.reduce((sum, { count }) => sum + count, 0);
  const figures = [
    ...[Math.round(load.writes / load.seconds), Math.round(load.reads / load.seconds)],
    ...[errors, load.failedReads, load.reconnects, load.lost, load.doubled],
    ...[load.messages.missing, load.messages.twice, load.queued.missing, load.queued.twice, load.transactions.torn],
  ];
  return [`${nameOf(run)}, ${titles[run.scenario]}`, ...figures.map((figure) => figure.toLocaleString("en"))];
}

function otherTexts({ throughputs, runs }: AvailabilityResult): string[] {
  const rate = (perSecond: number) => Math.round(perSecond).toLocaleString("en");
  const lines = [
    ...throughputs.map(
      ({ clients, asyncPerSecond, durablePerSecond }) =>
        `${clients} clients: ${rate(durablePerSecond)} durable writes/s, ${rate(asyncPerSecond)} that are not`,
    ),
    ...runs.flatMap(({ clients, thawed }) =>
      thawed === undefined
        ? []
        : [`${clients} clients: after the thaw ${thawed.primaries} primary, ${thawed.differences} keys differ`],
    ),
    ...runs.flatMap(({ clients, scaled }) =>
      scaled === undefined
        ? []
        : [`${clients} clients: C1 to C3 with ${scaled.megabytes} MB took ${scaled.seconds.toFixed(1)} s`],
    ),
  ];
  return lines.length === 0 ? [] : [lines.join("\n")];
}

function errorText(runs: readonly Run[]): string[] {
  return runs
    .filter(({ load }) => load.errors.length > 0)
    .map((run) => {
      const { errors } = run.load;
      const others = errors.slice(errorTextsMax).reduce((sum, { count }) => sum + count, 0);
      const lines = errors.slice(0, errorTextsMax).map(({ role, text, count }) => `  ${count} × ${role}: ${text}`);
      return [
        `errors of ${nameOf(run)}, ${titles[run.scenario]}`,
        ...lines,
        ...(others === 0 ? [] : [`  ${others} others`]),
      ].join("\n");
    });
}

function nameOf({ subject, clients }: Run): string {
  return `${subject}, ${clients} clients`;
}

function msText(ms: number): string {
  if (!Number.isFinite(ms)) return "never";
  return ms < 100 ? ms.toFixed(1) : String(Math.round(ms));
}
