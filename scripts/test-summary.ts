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
  // Line by line: a control character in the name of a test may look like the beginning of a sequence that never ends.
  const plain = output.split("\n").map(Bun.stripANSI).join("\n");
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
