/**
 * The counts that close the output of `bun test`. Its JUnit report would be easier to read, but leaves out files that
 * fail to load. Pure.
 */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Reads the summary at the end of `output`. A run without one, or with a bad exit code and no failure, failed once. */
export function parseTestSummary(output: string, exitCode: number): TestCounts {
  const plain = Bun.stripANSI(output);
  const count = (word: string) => Number([...plain.matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"))].at(-1)?.[1] ?? 0);
  const failed = count("fail");
  return {
    passed: count("pass"),
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: count("skip") + count("todo"),
  };
}

/** The line that closes `npm test`. */
export function closingLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}
