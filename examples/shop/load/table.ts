/** The figures of one phase, and the table of all. */
export interface Phase {
  name: string;
  isCacheOn: boolean;
  /** Of each answer. */
  timesMs: number[];
  failed: number;
  seconds: number;
  queries: number;
  orders: number;
}

export function table(phases: readonly Phase[]): string {
  const head = ["", "cache", "p50", "p95", "p99", "requests/s", "queries/request", "orders", "failed"];
  const rows = [head, ...phases.map(rowOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  return lines.join("\n");
}

/** How many times less with the cache on, of the phases of the same name. */
export function comparison(off: Phase, on: Phase): string {
  const times = (a: number, b: number) => (b === 0 ? "all" : `${(a / b).toFixed(1)} times`);
  const p95 = times(percentile(off.timesMs, 0.95), percentile(on.timesMs, 0.95));
  return `${on.name}: the 95th percentile fell ${p95}, queries per request ${times(perRequest(off), perRequest(on))}.`;
}

function rowOf(phase: Phase): string[] {
  const time = (share: number) => `${percentile(phase.timesMs, share).toFixed(1)} ms`;
  return [
    phase.name,
    phase.isCacheOn ? "on" : "off",
    time(0.5),
    time(0.95),
    time(0.99),
    (phase.timesMs.length / phase.seconds).toFixed(0),
    perRequest(phase).toFixed(3),
    `${phase.orders}`,
    `${phase.failed}`,
  ];
}

function perRequest({ queries, timesMs }: Phase): number {
  return queries / Math.max(1, timesMs.length);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
