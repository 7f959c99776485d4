import { expect, test } from "bun:test";
import { LarderError } from "@larder/api/errors";
import picocolors from "picocolors";
import { CommandError, failureOf, formatFailure, formatUsageError } from "./failure.ts";
import { formatTable } from "./table.ts";
import { plainColors } from "./terminal.ts";
import { formatBytes, formatDuration } from "./units.ts";

test("quantities", () => {
  const MB = 1024 * 1024;
  expect([0, 1023, 250 * MB, 2.5 * 1024 * MB, 977 * 1024, 1.25 * MB].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "250 MB",
    "2.5 GB",
    "977 KB",
    "1.3 MB",
  ]);
  expect([3.2, 99, 100, 1_249, 61_000].map(formatDuration)).toEqual(["3 ms", "99 ms", "0.1 s", "1.2 s", "61.0 s"]);
});

test("a table's columns are aligned by what is seen", () => {
  const { red } = picocolors.createColors(true);
  expect(
    formatTable([
      ["NAME", "N"],
      ["long name", "1"],
      [red("x"), "22"],
    ]),
  ).toBe(`NAME       N\nlong name  1\n${red("x")}          22\n`);
});

test("failures are one sentence, a hint, and a status", () => {
  const text = (error: unknown) => formatFailure(failureOf(error), plainColors);
  expect(text(new LarderError("Conflict", "It is busy."))).toBe("larder: It is busy.\n");
  expect(text(new CommandError("InvalidParameter", "No.", "do this"))).toBe("larder: No.\nhint: do this\n");
  expect(text(new LarderError("InvalidParameter", "Too large.", { target: "properties.sku" }))).toBe(
    "larder: Too large. (sku)\n",
  );
  expect(failureOf(new LarderError("NotRunning", "Nobody.")).exit).toBe(69);
  expect(failureOf(new Error("bug")).exit).toBe(70);
});

test("the parser's complaints sound like all others", () => {
  expect(formatUsageError("error: unknown command 'creat'\n(Did you mean create?)\n", plainColors)).toBe(
    "larder: unknown command 'creat'\nhint: did you mean create?\n",
  );
});
