/** Which package may import which, and that a package declares what it imports. */
import { posix } from "node:path";
import { importsOf, isScript, isTest, type Problem, type SourceFile } from "./source-files.ts";

/** Packages that are not named here may import nothing of ours. Daemons never import each other. */
const mayImport: Record<string, readonly string[]> = {
  service: ["api"],
  storage: ["api", "service"],
  controller: ["api", "service"],
  agent: ["resp", "rdb", "api", "service", "storage"],
  gateway: ["resp", "rdb", "api", "service"],
  cli: ["api"],
  portal: ["api"],
};

export function packageGraph(files: readonly SourceFile[]): Problem[] {
  const declared = new Map(
    files
      .filter((file) => posix.basename(file.path) === "package.json")
      .map((file) => [posix.dirname(file.path), file]),
  );
  return files
    .filter((file) => file.path.startsWith("packages/") && isScript(file.path))
    .flatMap((file) => {
      const own = file.path.split("/")[1] as string;
      const dependencies = dependenciesOf(declared.get(`packages/${own}`));
      const testDependencies = isTest(file.path) ? dependenciesOf(declared.get(".")) : [];
      return importsOf(file).flatMap((specifier) => {
        const message = problemOf({ file, own, specifier, dependencies: [...dependencies, ...testDependencies] });
        return message === undefined ? [] : [{ path: file.path, message }];
      });
    });
}

function problemOf(at: {
  file: SourceFile;
  own: string;
  specifier: string;
  dependencies: string[];
}): string | undefined {
  const { file, own, specifier, dependencies } = at;
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(file.path), specifier);
    if (target.startsWith(`packages/${own}/`)) return undefined;
    return `imports "${specifier}" from outside its package: import the package by its name`;
  }
  if (/^(node|bun):|^bun$/.test(specifier)) return undefined;
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const ours = /^@larder\/(.+)$/.exec(name)?.[1];
  if (ours !== undefined && !(mayImport[own] ?? []).includes(ours))
    return `${own} may not import ${name}: it may import ${(mayImport[own] ?? []).join(", ") || "nothing of ours"}`;
  if (dependencies.includes(name)) return undefined;
  return `imports "${name}", which packages/${own}/package.json does not declare`;
}

function dependenciesOf(file: SourceFile | undefined): string[] {
  if (file === undefined) return [];
  const parsed = JSON.parse(file.text) as Record<
    "dependencies" | "devDependencies" | "peerDependencies",
    Record<string, string> | undefined
  >;
  return Object.keys({ ...parsed.dependencies, ...parsed.devDependencies, ...parsed.peerDependencies });
}
