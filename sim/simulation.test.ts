import { expect, test } from "bun:test";
import { testSeed } from "../tests/fixture/seed.ts";
import { runSeed } from "./run.ts";

const seeds = 250;

test("the same seed gives the same run", async () => {
  const traceOf = async () => {
    const lines: string[] = [];
    await runSeed(7, { trace: (atMs, who, what) => lines.push(`${atMs} ${who} ${what}`) });
    return lines;
  };
  expect(await traceOf()).toEqual(await traceOf());
});

test(`${seeds} seeds from ${testSeed} violate nothing (npm run sim -- --seed N shows one)`, async () => {
  const failed: string[] = [];
  for (let seed = testSeed; seed < testSeed + seeds; seed++) {
    const { failures } = await runSeed(seed);
    if (failures.length > 0) failed.push(`seed ${seed}: ${failures[0]}`);
  }
  expect(failed).toEqual([]);
}, 120_000);
