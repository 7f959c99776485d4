import { expect, test } from "bun:test";
import { closingLine, FailureList, parseTestSummary } from "./test-summary.ts";

test("all words, with colours, the last summary wins", () => {
  const output =
    "(pass) 7 pass\n\u001b[32m 12 pass\u001b[0m\n 2 skip\n 1 todo\n 3 fail\n 1 error\nRan 18 tests across 2 files. [14.00ms]\n";
  expect(parseTestSummary(output, 1)).toEqual({ passed: 12, failed: 3, skipped: 3 });
});

test("a control character in the name of a test hides nothing", () => {
  expect(
    parseTestSummary('(pass) "[\x80-\x90]" matches\n 2 pass\n 0 fail\nRan 2 tests across 1 file. [1.00ms]\n', 0),
  ).toEqual({
    passed: 2,
    failed: 0,
    skipped: 0,
  });
});

test("a crash counts as one failure", () => {
  expect(parseTestSummary("panic", 132)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(parseTestSummary(" 4 pass\n 0 fail\n", 1)).toEqual({ passed: 4, failed: 1, skipped: 0 });
});

test("a run that ends before its summary failed, whatever its exit code", () => {
  expect(parseTestSummary("(pass) one\n", 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("failures have the names of their files, however the output is cut; a list at the end adds none", () => {
  const output = [
    ...[
      "a/one.test.ts:",
      "(pass) good",
      "error: x",
      "(fail) bad > worse [1.00ms]",
      "",
      "b/two.test.ts:",
      "(pass) good",
    ],
    ...[
      "a/one.test.ts:",
      "\u001b[31m✗\u001b[0m also bad",
      "b/dies.test.ts:",
      "✗ b/dies.test.ts (worker crashed: SIGKILL)",
      "",
    ],
    ...["b/broken.test.ts:", "", "# Unhandled error between tests", "", "2 tests failed:", "(fail) bad > worse", ""],
  ].join("\n");
  const list = new FailureList();
  for (const letter of output) list.add(letter);
  expect(list.failures).toEqual([
    "a/one.test.ts: bad > worse [1.00ms]",
    "a/one.test.ts: also bad",
    "b/dies.test.ts: b/dies.test.ts (worker crashed: SIGKILL)",
    "b/broken.test.ts: Unhandled error between tests",
  ]);
});

test("closing line", () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
});
