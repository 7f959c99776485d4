import { describe, expect, test } from "bun:test";
import { compareUnit } from "./compare.ts";
import type { UnitExclusions } from "./exclusions.ts";
import type { UnitResult } from "./run-unit.ts";

function results(tests: Record<string, "ok" | "fails" | "ok twice">): UnitResult {
  return {
    trouble: [],
    tests: new Map(
      Object.entries(tests).map(([name, how]) => [
        name,
        { passed: how === "fails" ? 0 : how === "ok" ? 1 : 2, failed: how === "fails" ? 1 : 0, detail: how },
      ]),
    ),
  };
}

const list = (...names: string[]): UnitExclusions => ({ listed: new Set(names), skipped: new Set() });

describe("Valkey's results beside the gateway's", () => {
  const engine = results({ same: "ok", broken: "fails", listed: "ok", worse: "ok", gone: "ok", half: "ok twice" });

  test("only what Valkey passes counts, and it must pass as often", () => {
    const gateway = results({ same: "ok", broken: "fails", listed: "fails", worse: "fails", half: "ok" });
    expect(compareUnit(engine, gateway, list("listed"))).toEqual({
      passedBoth: 1,
      excluded: ["listed"],
      unexpected: [
        { name: "worse", detail: "fails" },
        { name: "gone", detail: "not run" },
        { name: "half", detail: "run 1 times of 2" },
      ],
      outdated: [],
    });
  });

  test("what is on the list and passes, or is not in the suite, makes the list outdated", () => {
    expect(compareUnit(results({ listed: "ok" }), results({ listed: "ok" }), list("listed", "unknown"))).toEqual({
      passedBoth: 1,
      excluded: [],
      unexpected: [],
      outdated: ["listed", "unknown"],
    });
  });
});
