/** `npm run bench gateway`: this gateway beside direct Valkey, HAProxy and twemproxy, in one run on one machine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseWays, chosenTarget } from "./choose-ways.ts";
import { compare } from "./compare.ts";
import { gatewayReport } from "./gateway-report.ts";
import { judgeGoals } from "./goals.ts";
import { generatorThreads } from "./load.ts";
import { describeMachine } from "./machine.ts";
import { type Cell, cellsOf } from "./matrix.ts";
import { ensurePeers, peerPrograms } from "./peers/install.ts";
import { showProgress } from "./progress.ts";
import { median } from "./quantile.ts";
import { writeResult } from "./result.ts";
import { summarize } from "./sample.ts";
import { startTargets, type Target } from "./targets.ts";

/** Returns whether every goal is met. */
export async function benchGateway(options: { matrix: "quick" | "full"; signal: AbortSignal }): Promise<boolean> {
  const { matrix, signal } = options;
  ensurePeers(peerPrograms);
  const machine = await describeMachine(peerPrograms);
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "larder-bench-"));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const targets = await startTargets(stack, directory);

  const cells = cellsOf(matrix);
  const ways = await chooseWays(targets.choices, cells, signal);
  const targetsOf = (cell: Cell): Target[] => [
    ...targets.fixed,
    ...targets.choices.flatMap((choice) => {
      const followers = matrix === "full" && cell.isGoal ? choice.followers : [];
      return [chosenTarget(choice, cell.load.pipeline, ways), ...followers.map(({ unix }) => unix)];
    }),
  ];
  const samples = await compare({ cells, targetsOf, onProgress: showProgress, signal });
  const goals = judgeGoals(samples);
  const shares = samples.map((sample) => sample.othersShare);
  const othersShare = { median: median(shares), max: Math.max(...shares) };
  const result = { matrix, othersShare, machine, generatorThreads, ways, goals, summaries: summarize(samples) };
  writeResult(matrix === "full" ? "gateway" : "gateway-quick", result, gatewayReport(result));
  return goals.every((goal) => goal.isMet);
}
