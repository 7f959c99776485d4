/**
 * What the output of `bun test` says at its end, and the failures on the way there with the files that they are in: two files
 * run at a time, so that a failure is a thousand lines above the end. Its JUnit report would be easier to read, but leaves out
 * files that fail to load. Pure.
 */
const fileLine = /^(\S+\.test\.ts):$/;
/** The second is what a terminal gets, and what a file whose process died gets everywhere. */
const failureLine = /^(?:\(fail\)|✗) (.+)$/;
const unhandledLine = /^# (Unhandled error between tests)$/;
/** The count of the list that `bun test` itself adds where it finds the output long; without names of files. */
const listLine = /^\d+ tests? failed:$/;
const ranLine = /^Ran \d+ tests? across \d+ files?\./m;

export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Reads the summary at the end of `output`. A run without one, or with a bad exit code and no failure, failed once. */
export function parseTestSummary(output: string, exitCode: number): TestCounts {
  const plain = plainLines(output).join("\n");
  const count = (word: string) => Number([...plain.matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"))].at(-1)?.[1] ?? 0);
  const failed = count("fail");
  return {
    passed: count("pass"),
    failed: failed === 0 && (exitCode !== 0 || !ranLine.test(plain)) ? 1 : failed,
    skipped: count("skip") + count("todo"),
  };
}

/** Collects the failures, each with its file, from output that comes in pieces. */
export class FailureList {
  readonly failures: string[] = [];
  #file = "";
  #pending = "";
  #isRead = true;

  add(piece: string): void {
    const lines = (this.#pending + piece).split("\n");
    this.#pending = lines.pop() ?? "";
    for (const line of plainLines(lines.join("\n"))) this.#read(line);
  }

  #read(line: string): void {
    this.#isRead &&= !listLine.test(line);
    this.#file = fileLine.exec(line)?.[1] ?? this.#file;
    const failure = (failureLine.exec(line) ?? unhandledLine.exec(line))?.[1];
    if (this.#isRead && failure !== undefined) this.failures.push(`${this.#file}: ${failure}`);
  }
}

/** Line by line: a control character in the name of a test may look like the beginning of a sequence that never ends. */
function plainLines(output: string): string[] {
  return output.split("\n").map(Bun.stripANSI);
}

/** The line that closes `npm test`. */
export function closingLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}
