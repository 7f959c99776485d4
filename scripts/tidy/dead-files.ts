/** Files that nothing reaches: no import, no package.json, no test runner, and no program that starts them by name. */
import { posix } from "node:path";
import { importsOf, isScript, isTest, type Problem, type SourceFile } from "./source-files.ts";

export function deadFiles(files: readonly SourceFile[]): Problem[] {
  const scripts = files.filter((file) => isScript(file.path));
  const reached = new Set(scripts.flatMap((file) => relativeImports(file)));
  return scripts
    .filter((file) => !isTest(file.path) && !reached.has(file.path) && !isNamed(file.path, files))
    .map((file) => ({
      path: file.path,
      message: "nothing uses this file: delete it, or import it where it is needed",
    }));
}

function relativeImports(file: SourceFile): string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.join(posix.dirname(file.path), specifier));
}

/** Whether a package.json, a shell script or another script names the file, as a program to start or an entry. */
function isNamed(path: string, files: readonly SourceFile[]): boolean {
  if (path === "eslint.config.js") return true;
  const name = posix.basename(path);
  return files.some((file) => {
    if (file.path === path || !file.text.includes(name)) return false;
    if (posix.basename(file.path) === "package.json")
      return path.startsWith(folderOf(file.path)) && programsIn(file.text).includes(name);
    if (!isScript(file.path))
      return /^(bin\/|\.ci\/|bunfig\.toml$)/.test(file.path) && programsIn(file.text).includes(name);
    const imported = new Set(importsOf(file));
    return stringsIn(file.text).some((string) => !imported.has(string) && posix.basename(string) === name);
  });
}

function folderOf(path: string): string {
  return path.includes("/") ? `${posix.dirname(path)}/` : "";
}

function programsIn(text: string): string[] {
  return text.split(/[\s"']+/).map((word) => posix.basename(word));
}

function stringsIn(text: string): string[] {
  return [...text.matchAll(/(["'`])(.*?)\1/g)].map((match) => match[2] as string);
}
