/** Which engine is preferred to which, by name and version. */
import type { EngineVersion } from "./agent-protocol.ts";

/** Sorts the preferred first: Valkey before Redis, then the newest. */
export function compareByPreference(a: EngineVersion, b: EngineVersion): number {
  if (a.name !== b.name) return a.name === "valkey" ? -1 : 1;
  return compareVersions(partsOf(b.version), partsOf(a.version));
}

/** Whether `a` comes before `b` on the way that engines are updated. It may not be able to read what `b` writes. */
export function isOlder(a: EngineVersion, b: EngineVersion): boolean {
  return compareByPreference(a, b) > 0;
}

export function partsOf(version: string): number[] {
  return version.split(".").map(Number);
}

export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
