/**
 * The tests that Valkey passes and the gateway does not, and why: excluded.json. `tests` has names by unit. `isRun` is
 * false where a test would hang, or spoil those after it: it is then skipped, and nobody learns when it begins to pass.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Profile } from "./suite-profile.ts";

export interface Exclusion {
  reason: string;
  profile: Profile["name"] | "both";
  isRun: boolean;
  tests: Record<string, string[]>;
}

/** Those of one unit. */
export interface UnitExclusions {
  listed: ReadonlySet<string>;
  skipped: ReadonlySet<string>;
}

export function readExclusions(): Exclusion[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, "excluded.json"), "utf8")) as Exclusion[];
}

export function exclusionsOf(unit: string, profile: Profile["name"], exclusions: readonly Exclusion[]): UnitExclusions {
  const valid = exclusions.filter((each) => each.profile === "both" || each.profile === profile);
  const namesOf = (each: Exclusion) => each.tests[unit] ?? [];
  return {
    listed: new Set(valid.flatMap(namesOf)),
    skipped: new Set(valid.filter((each) => !each.isRun).flatMap(namesOf)),
  };
}
