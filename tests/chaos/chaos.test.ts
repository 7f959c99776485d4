/** The chaos run (chaos-run.ts), short. `npm run chaos -- --minutes 60 --seed N` is the long one; LARDER_SEED=… replays. */
import { describe, expect, test } from "bun:test";
import { hasValkey } from "../fixture/native-engine.ts";
import { testSeed } from "../fixture/seed.ts";
import { runChaos } from "./chaos-run.ts";

describe.skipIf(!hasValkey)(`chaos (LARDER_SEED=${testSeed})`, () => {
  test("clients and engines that are killed at random cost nobody else anything", async () => {
    const { ledger } = await runChaos({
      seed: testSeed,
      durationMs: 15_000,
      workers: 2,
      rate: 1_000,
      engineKillEveryMs: 3_000,
      clientKillEveryMs: 200,
      quietEveryMs: 15_000,
    });
    expect(ledger.violations).toEqual([]);
    expect(ledger.tally("commands")).toBeGreaterThan(1_000);
    expect(ledger.tally("engines killed")).toBeGreaterThan(0);
  }, 120_000);
});
