/**
 * When something repeats: at multiples of a duration since 1970, or by a cron expression of five fields, both in UTC.
 *
 *   minute 0–59 · hour 0–23 · day of month 1–31 · month 1–12 · day of week 0–6, 0 and 7 are Sunday
 *
 * A field is `*`, a number, a range `a-b`, each with a step `/n`, or a list of those. Where both days are given, either will do, as in
 * cron(8). Names, seconds and `L`, `W` and `#` are not known.
 */
import { type Duration, durationMs } from "../../duration.ts";

export type Repeat = Duration | { cron: string };

/** What is stored of it. */
export type RepeatPlan = { everyMs: number } | { cron: string };

const fields = [
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day of month", min: 1, max: 31 },
  { name: "month", min: 1, max: 12 },
  { name: "day of week", min: 0, max: 7 },
] as const;

const dayMs = 86_400_000;
/** 29 February on a given weekday comes within 40 years. */
const daysMax = 366 * 41;

/** Throws a TypeError for what never happens or is no expression. */
export function repeatPlan(repeat: Repeat): RepeatPlan {
  if (typeof repeat === "object") {
    nextTick({ cron: repeat.cron }, 0);
    return { cron: repeat.cron };
  }
  const everyMs = durationMs(repeat, "every");
  if (everyMs < 1) throw new TypeError("every is shorter than 1 ms.");
  return { everyMs };
}

/** The first tick after a time, in milliseconds since 1970. */
export function nextTick(plan: RepeatPlan, afterMs: number): number {
  if ("everyMs" in plan) return (Math.floor(afterMs / plan.everyMs) + 1) * plan.everyMs;
  const [minutes, hours, days, months, weekdays, isAnyDay, isAnyWeekday] = parse(plan.cron);
  const startMs = (Math.floor(afterMs / 60_000) + 1) * 60_000;
  for (let count = 0, atMs = Math.floor(startMs / dayMs) * dayMs; count < daysMax; count++, atMs += dayMs) {
    const day = new Date(atMs);
    if (!months.has(day.getUTCMonth() + 1)) continue;
    const isDay = days.has(day.getUTCDate());
    const isWeekday = weekdays.has(day.getUTCDay());
    if (isAnyDay || isAnyWeekday ? !(isDay && isWeekday) : !(isDay || isWeekday)) continue;
    const found = firstTime(hours, minutes, startMs - atMs);
    if (found !== undefined) return atMs + found;
  }
  throw new TypeError(`the schedule never comes: "${plan.cron}".`);
}

function firstTime(hours: ReadonlySet<number>, minutes: ReadonlySet<number>, fromMs: number): number | undefined {
  for (const hour of [...hours].sort((a, b) => a - b)) {
    for (const minute of [...minutes].sort((a, b) => a - b)) {
      const ms = (hour * 60 + minute) * 60_000;
      if (ms >= fromMs) return ms;
    }
  }
  return undefined;
}

type Parsed = [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>, boolean, boolean];

function parse(cron: string): Parsed {
  const parts = String(cron).trim().split(/\s+/);
  if (parts.length !== fields.length) throw new TypeError(`the schedule has not five fields: "${cron}".`);
  const [minutes, hours, days, months, weekdays] = fields.map((field, index) =>
    valuesOf(parts[index] as string, field),
  );
  if (weekdays?.has(7)) weekdays.add(0);
  return [minutes, hours, days, months, weekdays, parts[2]?.startsWith("*"), parts[4]?.startsWith("*")] as Parsed;
}

function valuesOf(part: string, field: (typeof fields)[number]): Set<number> {
  const values = new Set<number>();
  for (const item of part.split(",")) {
    const [, star, first, last, step] = /^(?:(\*)|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(item) ?? [];
    const from = star === undefined ? Number(first) : field.min;
    const to = star !== undefined || (step !== undefined && last === undefined) ? field.max : Number(last ?? first);
    const by = Number(step ?? 1);
    if (!(from >= field.min && to <= field.max && from <= to && by >= 1))
      throw new TypeError(`the schedule's ${field.name} is none: "${part}".`);
    for (let value = from; value <= to; value += by) values.add(value);
  }
  return values;
}
