/**
 * Deno, one of the three runtimes of @larder/client, from its npm package. It is 92 MB (38 MB to fetch), which is too much for a
 * devDependency of everybody: it is installed once, into the user's cache folder, by `npm test`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const version = "2.9.6";
const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "larder-deno", version);
const installTimeoutMs = 60_000;

/** Where it is, or will be once it is installed. */
export const denoProgram = join(folder, "node_modules/.bin/deno");
export const hasDeno = existsSync(denoProgram);

/** Returns the reason when the machine ends up without it. */
export function installDeno(say: (sentence: string) => void): string | undefined {
  if (hasDeno) return undefined;
  say(`The client package is tested on Deno, too: npm fetches Deno ${version} (38 MB) into ${folder}.`);
  mkdirSync(folder, { recursive: true });
  const flags = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"];
  const isInstalled = succeeds("npm", ["install", "--prefix", folder, ...flags, `deno@${version}`]);
  // The package has no binary for some machines, and says so only when it is run.
  if (isInstalled && succeeds(denoProgram, ["--version"])) return undefined;
  rmSync(folder, { recursive: true, force: true });
  return `No Deno: npm could not install deno@${version} for this machine. The test of the client package on it is skipped.`;
}

function succeeds(program: string, args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore", timeout: installTimeoutMs }).status === 0;
}
