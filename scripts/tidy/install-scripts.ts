/** npm runs an install script only where package.json allows it, and warns about the others; each is a decision. */
import type { Problem, SourceFile } from "./source-files.ts";

export function installScripts(files: readonly SourceFile[]): Problem[] {
  const lock = read<{ packages: Record<string, { hasInstallScript?: boolean }> }>(files, "package-lock.json");
  const { allowScripts } = read<{ allowScripts: Record<string, boolean> }>(files, "package.json");
  const locked = Object.entries(lock.packages)
    .filter(([, entry]) => entry.hasInstallScript === true)
    .map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
  const undecided = locked.filter((name) => allowScripts[name] === undefined);
  const gone = Object.keys(allowScripts).filter((name) => !locked.includes(name));
  return [
    ...undecided.map((name) => problem(`${name} has an install script: decide on it in allowScripts`)),
    ...gone.map((name) => problem(`${name} has no install script any more: remove it from allowScripts`)),
  ];
}

function read<T>(files: readonly SourceFile[], path: string): T {
  return JSON.parse(files.find((file) => file.path === path)?.text ?? "") as T;
}

function problem(message: string): Problem {
  return { path: "package.json", message };
}
