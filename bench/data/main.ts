/** `npm run bench data`: files of cache data, read and written. */
import type { PartResult } from "../client/part.ts";
import { describeMachine, type Machine, machineText } from "../machine.ts";
import { writeResult } from "../result.ts";
import { tableText } from "../table.ts";
import { rdbParse } from "./rdb-parse.ts";

export async function benchData({ isQuick, signal }: { isQuick: boolean; signal: AbortSignal }): Promise<boolean> {
  const machine = await describeMachine([{ name: "valkey-server", command: ["valkey-server", "--version"] }]);
  const result = await rdbParse({ isQuick, signal });
  writeResult(isQuick ? "data-quick" : "data", { machine, ...result }, textOf(result, machine));
  return result.goals.every(({ isMet }) => isMet);
}

function textOf({ figures, goals }: PartResult, machine: Machine): string {
  const goalRows = goals.map(({ part, what, wanted, measured, isMet }) => [
    `${part}: ${what}`,
    wanted,
    measured,
    isMet ? "met" : "not met",
  ]);
  const figureRows = figures.map(({ what, value, unit }) => [what, `${value.toLocaleString("en")} ${unit}`]);
  return [
    tableText(["Goal", "wanted", "measured", ""], goalRows),
    tableText(["Figure", ""], figureRows),
    machineText(machine),
  ].join("\n\n");
}
