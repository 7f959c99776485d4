/** Goals and figures of a benchmark as tables of text. */
import { tableText } from "./table.ts";

export interface Goals {
  goals: readonly { part: string; what: string; wanted: string; measured: string; isMet: boolean }[];
  figures: readonly { what: string; contender: string; value: number; unit: string }[];
}

export function goalTables({ goals, figures }: Goals): string {
  const goalRows = goals.map(({ part, what, wanted, measured, isMet }) => [
    `${part}: ${what}`,
    wanted,
    measured,
    isMet ? "met" : "not met",
  ]);
  const figureRows = figures.map(({ what, contender, value, unit }) => [
    what,
    contender,
    `${value.toLocaleString("en")} ${unit}`.trim(),
  ]);
  return [tableText(["Goal", "wanted", "measured", ""], goalRows), tableText(["Figure", "", ""], figureRows)].join(
    "\n\n",
  );
}
