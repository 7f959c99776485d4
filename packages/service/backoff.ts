/** How long to wait before try number `attempt` (from 0): doubling from `firstMs` to `maxMs`, less up to a quarter of jitter. */
import type { Randomness } from "./randomness.ts";

export function backoffMs(
  attempt: number,
  bounds: { firstMs: number; maxMs: number },
  randomness: Pick<Randomness, "fraction">,
): number {
  const full = Math.min(bounds.maxMs, bounds.firstMs * 2 ** Math.min(attempt, 30));
  return full * (1 - 0.25 * randomness.fraction());
}
