/** What the two runs of a unit say of the gateway. */
import type { UnitExclusions } from "./exclusions.ts";
import type { UnitResult } from "./run-unit.ts";
import type { TestResult } from "./suite-output.ts";

export interface Comparison {
  passedBoth: number;
  /** Passed by Valkey, not by the gateway, and on the list. */
  excluded: string[];
  unexpected: { name: string; detail: string }[];
  /** On the list, and passed by the gateway all the same: the list has to lose them. */
  outdated: string[];
}

/** A test whose name comes more than once in its unit counts as passed when all of them pass. */
export function compareUnit(engine: UnitResult, gateway: UnitResult, { listed }: UnitExclusions): Comparison {
  const comparison: Comparison = { passedBoth: 0, excluded: [], unexpected: [], outdated: [] };
  for (const [name, bare] of engine.tests) {
    if (bare.failed > 0) continue;
    const through = gateway.tests.get(name);
    if (through !== undefined && through.failed === 0 && through.passed >= bare.passed) {
      comparison.passedBoth++;
      if (listed.has(name)) comparison.outdated.push(name);
    } else if (listed.has(name)) comparison.excluded.push(name);
    else comparison.unexpected.push({ name, detail: detailOf(through, bare) });
  }
  for (const name of listed) if (!engine.tests.has(name)) comparison.outdated.push(name);
  return comparison;
}

function detailOf(through: TestResult | undefined, bare: TestResult): string {
  if (through === undefined) return "not run";
  return through.failed > 0 ? through.detail : `run ${through.passed} times of ${bare.passed}`;
}
