/** Files of more than 400 lines hold more than one subject, unless a reason stands here. */
import { isScript, isTest, type Problem, type SourceFile } from "./source-files.ts";

const linesMax = 400;

/** Longer files by path, and why they are. */
export const longFiles: Record<string, string> = {};

export function fileLength(files: readonly SourceFile[], reasons = longFiles): Problem[] {
  const long = files.filter((file) => isScript(file.path) && !isTest(file.path) && lineCount(file) > linesMax);
  const unexplained = long
    .filter((file) => reasons[file.path] === undefined)
    .map((file) => ({
      path: file.path,
      message: `has ${lineCount(file)} lines: split it by subject, or give a reason in scripts/tidy/file-length.ts`,
    }));
  const stale = Object.keys(reasons)
    .filter((path) => !long.some((file) => file.path === path))
    .map((path) => ({ path, message: "is not long any more: remove its reason from scripts/tidy/file-length.ts" }));
  return [...unexplained, ...stale];
}

function lineCount(file: SourceFile): number {
  return file.text.trimEnd().split("\n").length;
}
