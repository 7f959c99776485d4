/** What the project wants of its client package, judged. Pure. */
import { median } from "../quantile.ts";

export interface Goal {
  part: string;
  what: string;
  wanted: string;
  measured: string;
  isMet: boolean;
}

export type Rates = ReadonlyMap<string, readonly number[]>;

/** At least so many times the peer's: the median of the rounds' ratios, as what slows the machine for a while slows both sides of a round. */
export function atLeast(part: string, rates: Rates, [ours, peer]: readonly [string, string], times: number): Goal {
  const ratio = ratioOf(rates, ours, peer);
  const measured = `${ratio.toFixed(2)} times`;
  return { part, what: `${ours} beside ${peer}`, wanted: `≥ ${times} times`, measured, isMet: ratio >= times };
}

export function atMost(part: string, what: string, value: number, [limit, unit]: readonly [number, string]): Goal {
  const measured = `${Number.isInteger(value) ? value : value.toFixed(1)} ${unit}`.trim();
  return { part, what, wanted: `≤ ${limit} ${unit}`.trim(), measured, isMet: value <= limit };
}

export function exactly(part: string, what: string, value: number, wanted: number): Goal {
  return { part, what, wanted: String(wanted), measured: String(value), isMet: value === wanted };
}

function ratioOf(rates: Rates, ours: string, peer: string): number {
  const [own = [], others = []] = [rates.get(ours), rates.get(peer)];
  return median(own.flatMap((rate, round) => (others[round] === undefined ? [] : [rate / others[round]])));
}

/** Of several, the one with the highest median. */
export function fastest(rates: Rates, names: readonly string[]): string {
  const speedOf = (name: string) => median(rates.get(name) ?? [0]);
  return [...names].sort((one, other) => speedOf(other) - speedOf(one))[0] as string;
}
