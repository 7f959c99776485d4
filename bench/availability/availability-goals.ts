/** What the project wants its clients to notice of moves, kills and lost hosts: next to nothing. Pure. */
import { quantile } from "../quantile.ts";
import type { Choices } from "./choices.ts";
import type { ErrorCount } from "./load/orders.ts";
import type { Run, Scenario, Throughput } from "./runs.ts";

interface Measured {
  runs: readonly Run[];
  throughputs: readonly Throughput[];
}

interface Goal {
  scenario: Scenario;
  text: string;
  limit: number;
  /** Whether it is the least that is wanted, not the most. */
  isLeast?: boolean;
  unit?: "ms" | "ratio";
  /** With one number of clients; null where it was not measured. */
  measure(measured: Measured, clients: number): number | null;
}

export interface GoalResult {
  text: string;
  limit: string;
  /** One for each number of clients. */
  values: string[];
  isMet: boolean;
}

const goals: readonly Goal[] = [
  { scenario: "moves", text: "planned moves: errors", limit: 0, measure: ofRun("moves", "larder", errorsOf) },
  {
    scenario: "moves",
    text: "planned moves: reconnects",
    limit: 0,
    measure: ofRun("moves", "larder", ({ load }) => load.reconnects),
  },
  {
    scenario: "moves",
    text: "planned moves: writes lost or doubled, messages and elements missing or twice",
    limit: 0,
    measure: ofRun("moves", "larder", wrongOf),
  },
  {
    scenario: "moves",
    text: "planned moves: hold, p50",
    limit: 5,
    unit: "ms",
    measure: ofRun("moves", "larder", holdAt(0.5)),
  },
  {
    scenario: "moves",
    text: "planned moves: hold, p99",
    limit: 30,
    unit: "ms",
    measure: ofRun("moves", "larder", holdAt(0.99)),
  },
  {
    scenario: "kills",
    text: "killed primary: first write after, p50",
    limit: 400,
    unit: "ms",
    measure: ofRun("kills", "larder", firstWriteAt(0.5)),
  },
  {
    scenario: "kills",
    text: "killed primary: first write after, worst",
    limit: 1_000,
    unit: "ms",
    measure: ofRun("kills", "larder", firstWriteAt(1)),
  },
  {
    scenario: "kills",
    text: "killed primary: reads that failed",
    limit: 0,
    measure: ofRun("kills", "larder", ({ load }) => load.failedReads),
  },
  {
    scenario: "kills",
    text: "killed primary: errors of one writer, most",
    limit: 1,
    measure: ofRun("kills", "larder", ({ events }) => Math.max(...events.map(({ writeErrorsMax }) => writeErrorsMax))),
  },
  {
    scenario: "kills",
    text: "killed primary: errors of writes that speak of anything but an unknown outcome",
    limit: 0,
    measure: ofRun("kills", "larder", otherErrorsOfWrites),
  },
  {
    scenario: "kills",
    text: "killed primary, durable writes: acknowledged writes lost",
    limit: 0,
    measure: ofRun("kills", "larder-durable", ({ load }) => load.lost),
  },
  {
    scenario: "kills",
    text: "writes per second, durable / not",
    limit: 0.5,
    isLeast: true,
    unit: "ratio",
    measure: ({ throughputs }, clients) => {
      const found = throughputs.find((each) => each.clients === clients);
      return found === undefined ? null : found.durablePerSecond / found.asyncPerSecond;
    },
  },
  {
    scenario: "frozen",
    text: "frozen host: first write after, worst",
    limit: 3_000,
    unit: "ms",
    measure: ofRun("frozen", "larder", firstWriteAt(1)),
  },
  {
    scenario: "frozen",
    text: "frozen host: primaries beside the one, and keys that differ, after the thaw",
    limit: 0,
    measure: ofRun("frozen", "larder", ({ thawed }) =>
      thawed === undefined ? null : Math.abs(thawed.primaries - 1) + thawed.differences,
    ),
  },
  { scenario: "scale", text: "larger size: errors", limit: 0, measure: ofRun("scale", "larder", errorsOf) },
  {
    scenario: "scale",
    text: "larger size: writes lost or doubled, messages and elements missing or twice, values missing",
    limit: 0,
    measure: ofRun("scale", "larder", (run) => wrongOf(run) + (run.scaled?.missing ?? 0)),
  },
];

/** Those of the chosen scenarios. What was not measured is not met. */
export function judgeAvailability(choices: Pick<Choices, "scenarios" | "clients">, measured: Measured): GoalResult[] {
  return goals
    .filter(({ scenario }) => choices.scenarios.includes(scenario))
    .map((goal) => {
      const values = choices.clients.map((clients) => goal.measure(measured, clients));
      const isWithin = (value: number) => (goal.isLeast ? value >= goal.limit : value <= goal.limit);
      return {
        text: goal.text,
        limit: `${goal.isLeast ? "≥" : "≤"} ${valueText(goal, goal.limit)}`,
        values: values.map((value) => (value === null ? "–" : valueText(goal, value))),
        isMet: values.every((value) => value !== null && isWithin(value)),
      };
    });
}

function valueText({ unit }: Goal, value: number): string {
  if (unit === "ratio") return value.toFixed(2);
  return unit === "ms" ? `${value < 100 ? value.toFixed(1) : Math.round(value)} ms` : String(value);
}

function ofRun(scenario: Run["scenario"], subject: Run["subject"], of: (run: Run) => number | null): Goal["measure"] {
  return ({ runs }, clients) => {
    const found = runs.find((run) => run.scenario === scenario && run.subject === subject && run.clients === clients);
    return found === undefined ? null : of(found);
  };
}

function errorsOf({ load }: Run): number {
  return sumOf(load.errors);
}

/** A client that watches keys or is subscribed loses its connection with the engine: what it waited for could be missed. */
function otherErrorsOfWrites({ load }: Run): number {
  const ofWrites = load.errors.filter(({ role }) => role !== "watcher" && role !== "subscriber");
  return sumOf(ofWrites.filter(({ text }) => !text.startsWith("OUTCOMEUNKNOWN")));
}

function sumOf(errors: readonly ErrorCount[]): number {
  return errors.reduce((sum, { count }) => sum + count, 0);
}

function wrongOf({ load }: Run): number {
  const { lost, doubled, messages, queued, transactions } = load;
  return lost + doubled + messages.missing + messages.twice + queued.missing + queued.twice + transactions.torn;
}

function holdAt(fraction: number): (run: Run) => number | null {
  return ({ events }) => {
    const holds = events.map(({ move }) => move?.holdMs ?? null);
    return holds.some((hold) => hold === null) ? null : quantile(holds as number[], fraction);
  };
}

/** An event after which nothing could be written counts as for ever. */
function firstWriteAt(fraction: number): (run: Run) => number {
  return ({ events }) =>
    quantile(
      events.map(({ firstWriteMs }) => firstWriteMs ?? Number.POSITIVE_INFINITY),
      fraction,
    );
}
