/** `npm run bench availability`: what clients notice of planned moves, kills, a frozen host and a larger size; beside the usual peers. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine } from "../machine.ts";
import { ensurePeers, peerPrograms, valkeyPrograms } from "../peers/install.ts";
import { writeResult } from "../result.ts";
import { judgeAvailability } from "./availability-goals.ts";
import { availabilityReport } from "./availability-report.ts";
import type { Choices } from "./choices.ts";
import { extents } from "./extent.ts";
import { measureScenario, type Results } from "./measure-scenario.ts";

/** Returns whether every goal is met of what was chosen. A scenario that fails is reported, and the others go on. */
export async function benchAvailability(choices: Choices, signal: AbortSignal): Promise<boolean> {
  const programs = choices.scenarios.includes("peers") ? peerPrograms : valkeyPrograms;
  ensurePeers(programs);
  const machine = await describeMachine(programs);
  const directory = mkdtempSync(join(tmpdir(), "larder-bench-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const extent = extents[choices.isQuick ? "quick" : "full"];
  const results: Results = { runs: [], throughputs: [], failures: [] };
  for (const scenario of choices.scenarios)
    for (const clients of choices.clients)
      await measureScenario(scenario, { clients, extent, directory, results, signal });
  const goals = judgeAvailability(choices, results);
  const result = { machine, extent, clients: choices.clients, goals, ...results };
  writeResult(choices.resultName, result, availabilityReport(result));
  return results.failures.length === 0 && goals.every(({ isMet }) => isMet);
}
