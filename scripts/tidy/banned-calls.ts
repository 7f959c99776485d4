/** Clocks and randomness are injected, so that tests and simulations decide them; these calls go around that. */
import ts from "typescript";
import { isScript, lineOf, type Problem, type SourceFile } from "./source-files.ts";

const replacements: Record<string, string> = {
  "Date.now": "use clock.nowMs()",
  "new Date()": "use new Date(clock.nowMs())",
  "performance.now": "use clock.monotonicMs()",
  "Math.random": "use randomness.fraction()",
  "crypto.randomUUID": "use randomness.uuid()",
  "crypto.getRandomValues": "use randomness.bytes()",
  randomUUID: "use randomness.uuid()",
  randomBytes: "use randomness.bytes()",
  randomInt: "use randomness.fraction()",
};

/** Path prefixes where the calls are allowed, and why. */
const allowed: Record<string, string> = {
  "packages/service/clock.ts": "it is the clock",
  "packages/service/randomness.ts": "it is the randomness",
  "packages/agent/engine/embedded-host.mjs": "a program of its own that runs in Node, without Larder's packages",
  "packages/cli/clock.ts": "it is the clock of the command line, which may not import the daemons' packages",
  "packages/client/clock.ts": "it is the clock of the client package, which stands alone",
  "packages/client/randomness.ts": "it is the randomness of the client package, which stands alone",
  "scripts/": "tools that run on a developer's machine, never in the service",
  "bench/": "measures real time",
  "examples/": "code as an application would write it, without Larder's packages",
  "tests/": "real processes run on the real clock",
};

export function bannedCalls(files: readonly SourceFile[]): Problem[] {
  return files.filter((file) => isScript(file.path) && !isAllowed(file.path)).flatMap(problemsOf);
}

/** Besides the table: a fuzz test, which draws its seed and prints it. */
function isAllowed(path: string): boolean {
  return path.endsWith(".fuzz.test.ts") || Object.keys(allowed).some((prefix) => path.startsWith(prefix));
}

function problemsOf(file: SourceFile): Problem[] {
  const problems: Problem[] = [];
  const visit = (node: ts.Node): void => {
    const name = bannedName(node);
    if (name !== undefined)
      problems.push({
        path: `${file.path}:${lineOf(file.text, node.getStart(parsed))}`,
        message: `${name}: ${replacements[name]}`,
      });
    ts.forEachChild(node, visit);
  };
  const parsed = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ESNext, false);
  visit(parsed);
  return problems;
}

function bannedName(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression))
    return known(`${node.expression.text}.${node.name.text}`);
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && (node.arguments?.length ?? 0) === 0)
    return known(`new ${node.expression.text}()`);
  if (ts.isImportSpecifier(node)) return known((node.propertyName ?? node.name).text);
  return undefined;
}

function known(name: string): string | undefined {
  return Object.hasOwn(replacements, name) ? name : undefined;
}
