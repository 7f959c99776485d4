/**
 * `npm test`: a native engine, Deno, the checks, all tests, one closing line. `npm test -- FILTER...` runs only the test files
 * whose path contains a filter, without the checks; flags of `bun test` may stand there too.
 */
import { join } from "node:path";
import { runChecks } from "./check.ts";
import { installEngines } from "./engines/install-engines.ts";
import { installDeno } from "./install-deno.ts";
import { closingLine, FailureList, parseTestSummary, type TestCounts } from "./test-summary.ts";

const root = join(import.meta.dirname, "..");
const testFolders = ["./packages", "./scripts", "./tests", "./sim", "./bench", "./examples"];
/**
 * Two files at a time: most wait for their processes for half of their time. More would make tests with deadlines wait for
 * each other's processes, on whatever machine. Flags that were given come later, and win.
 */
const runFlags = ["--parallel=2", "--timeout=20000"];
/** Far above what the tests take: a run that hangs ends, and says so. */
const runTimeoutMs = 20 * 60_000;

const startedMs = performance.now();
const say = (sentence: string) => console.log(sentence);
const missing = [installEngines(say), installDeno(say)];
const filters = process.argv.slice(2);
const checks = filters.length === 0 ? await runChecks() : { passed: 0, failed: 0 };
const tests = await runTests(filters.length === 0 ? testFolders : filters);
const counts = { ...tests, passed: tests.passed + checks.passed, failed: tests.failed + checks.failed };

for (const reason of missing) if (reason !== undefined) console.log(`\n${reason}`);
console.log(`\nTook ${Math.round((performance.now() - startedMs) / 1000)} s.`);
console.log(closingLine(counts));
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);

async function runTests(patterns: string[]): Promise<TestCounts> {
  const child = Bun.spawn([process.execPath, "test", ...runFlags, ...patterns], {
    cwd: root,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
    timeout: runTimeoutMs,
    env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
  });
  let tail = "";
  const list = new FailureList();
  const decoder = new TextDecoder();
  const reader = child.stderr.getReader();
  // A process that a broken test left behind may hold the pipe open for ever.
  void child.exited.then(() => Bun.sleep(1_000)).then(() => reader.cancel());
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    process.stdout.write(chunk.value);
    const piece = decoder.decode(chunk.value, { stream: true });
    list.add(piece);
    tail = (tail + piece).slice(-4_000);
  }
  if (list.failures.length > 0) console.log(["\nFailed:", ...list.failures].join("\n  "));
  return parseTestSummary(tail, await child.exited);
}
