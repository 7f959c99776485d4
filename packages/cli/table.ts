/** Text in columns: each as wide as its widest cell, two spaces apart, the last one unpadded. */
import { stripVTControlCharacters } from "node:util";

export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, visibleWidth(cell));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => pad(cell, row, column, widths))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function pad(cell: string, row: readonly string[], column: number, widths: readonly number[]): string {
  if (column === row.length - 1) return cell;
  return cell + " ".repeat((widths[column] ?? 0) - visibleWidth(cell));
}

function visibleWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}
