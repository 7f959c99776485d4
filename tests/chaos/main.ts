/**
 * `npm run chaos -- [--minutes 60] [--seed N] [--rate 300] [--workers 2]`: a long chaos run and its report. Exits with 1
 * when anything was wrong. The load is gentle: other work may go on beside it.
 */
import { parseArgs } from "node:util";
import { testSeed } from "../fixture/seed.ts";
import { type ChaosResult, runChaos } from "./chaos-run.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: String(testSeed) },
    rate: { type: "string", default: "300" },
    workers: { type: "string", default: "2" },
  },
});

const minutes = Number(values.minutes);
const seed = Number(values.seed);
const what = `${minutes} min, seed ${seed}, ${values.workers} workers, about ${values.rate} commands a second`;
say(`Chaos: ${what}`);
const result = await runChaos({
  seed,
  durationMs: minutes * 60_000,
  workers: Number(values.workers),
  rate: Number(values.rate),
  engineKillEveryMs: 20_000,
  clientKillEveryMs: 400,
  quietEveryMs: Math.max(30_000, minutes * 5_000),
});
report(result);
process.exit(result.ledger.violationCount === 0 ? 0 : 1);

function report({ ledger, memory }: ChaosResult): void {
  for (const [name, times] of ledger.tallies) say(`  ${name.padEnd(36)} ${String(times).padStart(10)}`);
  say(`  ${"slowest reply, engine there, ms".padEnd(36)} ${String(Math.round(ledger.slowestMs)).padStart(10)}`);
  for (const line of memory) say(`  memory of ${line}`);
  for (const violation of ledger.violations) say(`  VIOLATION ${violation}`);
  const found = ledger.violationCount === 0 ? "no violation" : `${ledger.violationCount} violations`;
  say(`Chaos: ${found}; replay with --seed ${seed} --minutes ${minutes}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
