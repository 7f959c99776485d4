/**
 * What a run of the suite prints, as results. Lines are `[ok]: name (3 ms)`, `[err]: name in file`, with details on the lines
 * after it, `[ignore]: …`, `[skip]: …`, `[exception]: …`, and after a time-out the state of each of its clients.
 */
export interface TestResult {
  passed: number;
  failed: number;
  /** What the suite says of the first failure. */
  detail: string;
}

export interface SuiteOutput {
  tests: Map<string, TestResult>;
  /** Whether the unit was run to its end. */
  isDone: boolean;
  /** The test that was under way, or had ended last, when the suite gave up waiting. */
  hung: { where: "in" | "after"; name: string } | undefined;
  /** What ended the run in the middle, or failed outside of any test. */
  trouble: string[];
}

const tagged = /^\[(ok|err|ignore|skip|exception|ready|testing|TIMEOUT|\d+\/\d+ done)\]: (.*)$/;
const clientState = /=> \((IN PROGRESS|\w+)\) (.*)$/m;

export function parseSuiteOutput(text: string): SuiteOutput {
  const output: SuiteOutput = { tests: new Map(), isDone: false, hung: undefined, trouble: [] };
  // The closing summary repeats the failures.
  const body = text.split("\n                   The End\n")[0] as string;
  for (const [tag, rest] of taggedBlocks(body)) {
    if (tag === "ok") add(output.tests, rest.replace(/ \(\d+ ms\)[\s\S]*$/, ""), "passed", "");
    else if (tag === "err") addFailure(output, rest);
    else if (tag === "exception") output.trouble.push(essence(rest));
    else if (tag === "TIMEOUT") output.hung = parseHung(rest);
    else if (tag.endsWith("done")) output.isDone = true;
  }
  return output;
}

function parseHung(states: string): SuiteOutput["hung"] {
  const [, state, name] = clientState.exec(states) ?? [];
  return { where: state === "IN PROGRESS" ? "in" : "after", name: name ?? "" };
}

/** Each tag with its text, which may go on over lines without a tag. */
function taggedBlocks(body: string): [string, string][] {
  const blocks: [string, string][] = [];
  for (const line of body.split("\n")) {
    const [, tag, rest] = tagged.exec(line) ?? [];
    if (tag !== undefined && rest !== undefined) blocks.push([tag, rest]);
    else if (blocks.length > 0) (blocks[blocks.length - 1] as [string, string])[1] += `\n${line}`;
  }
  return blocks;
}

/** A failure outside of any test has no "in tests/…" on its first line. */
function addFailure(output: SuiteOutput, text: string): void {
  const [, name, detail] = /^([^\n]*) in tests\/\S+\n?([\s\S]*)$/.exec(text) ?? [];
  if (name === undefined) output.trouble.push(essence(text));
  else add(output.tests, name, "failed", essence(detail ?? ""));
}

/** Without the stack, and without what the suite shows of an error that it cut at the front. */
function essence(detail: string): string {
  const lines = (detail.split(/\n {4}(?:while executing|\()/)[0] as string).split("\n");
  const last = lines.at(-1) ?? "";
  return (lines.length === 2 && last.endsWith(lines[0] as string) ? last : lines.join("\n")).slice(0, 400).trimEnd();
}

function add(tests: Map<string, TestResult>, name: string, what: "passed" | "failed", detail: string): void {
  const result = tests.get(name) ?? { passed: 0, failed: 0, detail: "" };
  result[what]++;
  result.detail ||= detail;
  tests.set(name, result);
}
