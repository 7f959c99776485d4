/**
 * In which order a consumer reads the levels: what was begun before first, then high, normal, low. Every eighth turn begins with the
 * next of the lower levels, so that each of them gets at least a 24th of the turns however much there is above it.
 */
const ordinary = "1234";
const turnedEvery = 8;
const turned = ["4123", "3124", "2134"] as const;

/** `turn` counts from 0. */
export function readingOrder(turn: number): string {
  if (turn % turnedEvery !== turnedEvery - 1) return ordinary;
  return turned[Math.floor(turn / turnedEvery) % turned.length] ?? ordinary;
}
