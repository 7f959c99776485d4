/** The files that the tidy rules look at: the repository as it would be committed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export interface SourceFile {
  /** Relative to the repository's root, with forward slashes. */
  path: string;
  text: string;
}

export interface Problem {
  path: string;
  message: string;
}

/** A rule looks at all files at once, and says for each problem what to do instead. */
export type TidyRule = (files: readonly SourceFile[]) => Problem[];

const outside = /(^|\/)(node_modules|dist|\.git|coverage)\/|\.log$/;

export function readSourceFiles(root: string): SourceFile[] {
  const paths = [...new Bun.Glob("**/*").scanSync({ cwd: root, dot: true, onlyFiles: true, followSymlinks: false })];
  return paths
    .filter((path) => !outside.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

export function isScript(path: string): boolean {
  return /\.(ts|tsx|js|mjs)$/.test(path);
}

export function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

/** What a file imports, types included, as written. */
export function importsOf(file: SourceFile): string[] {
  return ts.preProcessFile(file.text, true, true).importedFiles.map((imported) => imported.fileName);
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
