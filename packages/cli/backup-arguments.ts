/** What a person types about backups: how often, which one. Pure. */
import { CommandError } from "./failure.ts";

const units = { m: 1, h: 60, d: 24 * 60 } as const;

/** "6h", "30m", "1d" → minutes. Throws InvalidParameter. */
export function parseEvery(text: string): number {
  const [, number, unit] = /^(\d{1,5})\s*([mhd])$/i.exec(text.trim()) ?? [];
  if (number !== undefined && unit !== undefined)
    return Number(number) * units[unit.toLowerCase() as keyof typeof units];
  throw new CommandError("InvalidParameter", `"${text}" is no time between two backups.`, "write it as 30m, 6h or 1d");
}

export function formatEvery(minutes: number): string {
  if (minutes % units.d === 0) return `${minutes / units.d} d`;
  return minutes % units.h === 0 ? `${minutes / units.h} h` : `${minutes} min`;
}

/** The only one whose name begins so, or the newest. Throws ResourceNotFound or InvalidParameter. `names`: the newest first. */
export function chosenBackup(text: string, names: readonly string[]): string {
  const [newest] = names;
  if (text.toLowerCase() === "latest" && newest !== undefined) return newest;
  const wanted = text.replace(/Z$/i, "").toLowerCase();
  const matching = names.filter((name) => name.toLowerCase().startsWith(wanted));
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only;
  if (only === undefined)
    throw new CommandError(
      "ResourceNotFound",
      `There is no backup ${text}.`,
      "`larder backup list` shows what there is",
    );
  throw new CommandError(
    "InvalidParameter",
    `Several backups begin with ${text}.`,
    `say which: ${matching.join(", ")}`,
  );
}
