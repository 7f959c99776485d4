/** `npm run check`: types, lint and format, side by side. The tidy rules are tests and run with the tests. */
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const checks = {
  types: ["tsc", "--noEmit"],
  biome: ["biome", "check", "--error-on-warnings", "."],
  eslint: ["eslint", "."],
} as const;

/** Prints what failed, and returns how many passed and failed. */
export async function runChecks(): Promise<{ passed: number; failed: number }> {
  const codes = await Promise.all(Object.entries(checks).map(([name, command]) => runCheck(name, command)));
  const failed = codes.filter((code) => code !== 0).length;
  return { passed: codes.length - failed, failed };
}

async function runCheck(name: string, [program, ...args]: readonly [string, ...string[]]): Promise<number> {
  const child = Bun.spawn([join(root, "node_modules/.bin", program), ...args], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  console.log(code === 0 ? `(pass) ${name}` : `${output}${errors}(fail) ${name}`);
  return code;
}

if (import.meta.main) process.exit((await runChecks()).failed === 0 ? 0 : 1);
