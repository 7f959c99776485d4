/**
 * `npm run sim -- [--seeds 1000] [--from N] [--seed N]`: many seeds, or one with a trace of every event. Exits with 1 when
 * anything was violated.
 */
import { parseArgs } from "node:util";
import { testSeed } from "../tests/fixture/seed.ts";
import { runSeed } from "./run.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "1000" }, from: { type: "string" }, seed: { type: "string" } },
});

const say = (line: string) => process.stdout.write(`${line}\n`);
const isSound = values.seed === undefined ? await runMany() : await replay(Number(values.seed));
process.exit(isSound ? 0 : 1);

async function replay(seed: number): Promise<boolean> {
  const trace = (atMs: number, who: string, what: string) =>
    say(`${atMs.toFixed(2).padStart(10)}  ${who.padEnd(12)} ${what}`);
  const { failures, counts } = await runSeed(seed, { trace });
  for (const [name, count] of Object.entries(counts)) say(`${String(count).padStart(10)}  ${name}`);
  say(failures.length === 0 ? `seed ${seed}: sound` : `seed ${seed}: ${failures.join("; ")}`);
  return failures.length === 0;
}

async function runMany(): Promise<boolean> {
  const first = Number(values.from ?? testSeed);
  const totals = new Map<string, number>();
  const holdsMs: number[] = [];
  let failed = 0;
  for (let seed = first; seed < first + Number(values.seeds); seed++) {
    const { failures, counts, holdsMs: held } = await runSeed(seed);
    holdsMs.push(...held);
    for (const [name, count] of Object.entries(counts)) totals.set(name, (totals.get(name) ?? 0) + count);
    if (failures.length > 0) say(`FAILED  --seed ${seed}: ${failures[0]}`);
    if (failures.length > 0) failed++;
  }
  for (const [name, total] of totals) say(`${String(total).padStart(10)}  ${name}`);
  holdsMs.sort((a, b) => a - b);
  const hold = (share: number) => holdsMs[Math.floor(share * (holdsMs.length - 1))]?.toFixed(1) ?? "none";
  say(`${String(holdsMs.length).padStart(10)}  holds, in ms: p50 ${hold(0.5)}, p99 ${hold(0.99)}, worst ${hold(1)}`);
  say(`${values.seeds} seeds from ${first}: ${failed === 0 ? "no violation" : `${failed} with a violation`}`);
  return failed === 0;
}
