/**
 * Which commands are slow on this engine with this data, learned from its own measurements (INFO commandstats). Pure.
 * A command is slow when its mean time since the last look is over the limit, and no longer when it is under half of it.
 */
import { limits } from "../limits.ts";

export type CommandTimes = ReadonlyMap<string, { calls: number; usec: number }>;

/** Of whole commands; subcommands are left out, as the table knows first words only. */
export function parseCommandTimes(info: string): CommandTimes {
  const times = new Map<string, { calls: number; usec: number }>();
  for (const [, name = "", calls, usec] of info.matchAll(/^cmdstat_([^:|]+):calls=(\d+),usec=(\d+)/gm))
    times.set(name.toLowerCase(), { calls: Number(calls), usec: Number(usec) });
  return times;
}

export function learnSlow(
  known: ReadonlySet<string>,
  before: CommandTimes,
  now: CommandTimes,
): { slow: ReadonlySet<string>; isChanged: boolean } {
  const slow = new Set(known);
  for (const [name, { calls, usec }] of now) {
    const earlier = before.get(name) ?? { calls: 0, usec: 0 };
    // Counted from zero again: the engine was restarted, or its statistics were.
    const isReset = calls < earlier.calls;
    const newCalls = isReset ? calls : calls - earlier.calls;
    if (newCalls === 0) continue;
    const mean = (isReset ? usec : usec - earlier.usec) / newCalls;
    if (mean > limits.slowCommandUsec) slow.add(name);
    else if (mean < limits.slowCommandUsec / 2) slow.delete(name);
  }
  const isChanged = slow.size !== known.size || [...slow].some((name) => !known.has(name));
  return { slow, isChanged };
}
