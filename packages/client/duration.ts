/** How long, as options say it: milliseconds, or a number with a unit. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** In milliseconds. Throws a TypeError that names the option for what is no duration, is negative or not finite. */
export function durationMs(duration: Duration, option: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(duration)) ?? [];
  const ms = typeof duration === "number" ? duration : Number(count) * unitMs[unit as keyof typeof unitMs];
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new TypeError(`${option} is no duration: ${JSON.stringify(duration)}. Use milliseconds, or for example "30s".`);
}
