/**
 * Where the suite comes from: the source of the tag of the installed valkey-server, cloned once into a cache folder, or a
 * folder that the caller names. A run works on a copy, as the suite writes into its own folder.
 */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

const repository = "https://github.com/valkey-io/valkey";
const cloneTimeoutMs = 300_000;
/** In the suite's attach_to_replication_stream. */
const replicationStream = 'set s [socket [srv $conn "host"] [srv $conn "port"]]';

export interface Suite {
  /** A copy that the run may write to. */
  directory: string;
  version: string;
  units: string[];
}

/** Throws, in words for the terminal, where something is missing. */
export async function prepareSuite(source: string | undefined): Promise<Suite> {
  requirePrograms();
  const version = installedVersion();
  const origin = source ?? (await cloneOnce(version));
  if (!existsSync(join(origin, "tests/test_helper.tcl")))
    throw new Error(
      `${origin} has no tests/test_helper.tcl: --source wants a folder with the source of Valkey ${version}`,
    );
  const directory = mkdtempSync(join(tmpdir(), "larder-suite-"));
  cpSync(join(origin, "tests"), join(directory, "tests"), { recursive: true });
  cpSync(join(origin, "runtest"), join(directory, "runtest"));
  linkPrograms(directory);
  reachPastTheGateway(directory);
  return { directory, version, units: listUnits(directory) };
}

export function cacheFolder(version: string): string {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "larder-valkey-suite", version);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Some things are the operator's (operator.tcl), and replication streams are read from the engine. */
function reachPastTheGateway(directory: string): void {
  const client = join(directory, "tests/support/valkey.tcl");
  appendFileSync(client, `\nsource {${join(import.meta.dirname, "operator.tcl")}}\n`);
  const helper = join(directory, "tests/test_helper.tcl");
  const text = readFileSync(helper, "utf8");
  writeFileSync(helper, text.replace(replicationStream, "set s [socket 127.0.0.1 $::env(SUITE_ENGINE_PORT)]"));
}

function requirePrograms(): void {
  const tcl = ["tclsh8.7", "tclsh8.6", "tclsh8.5"].some((name) => Bun.which(name) !== null);
  const missing = [
    ...(tcl ? [] : ["tclsh 8.5 to 8.7 (Debian and Ubuntu: apt-get install tcl)"]),
    ...(Bun.which("valkey-server") === null
      ? ["valkey-server (Debian and Ubuntu: apt-get install valkey-server)"]
      : []),
  ];
  if (missing.length > 0) throw new Error(`the suite needs what is not installed: ${missing.join(", ")}`);
}

function installedVersion(): string {
  const { stdout } = Bun.spawnSync(["valkey-server", "--version"]);
  const version = / v=(\d+\.\d+\.\d+)/.exec(stdout.toString())?.[1];
  if (version === undefined) throw new Error("valkey-server --version does not tell its version");
  return version;
}

async function cloneOnce(version: string): Promise<string> {
  const directory = join(cacheFolder(version), "source");
  if (existsSync(join(directory, "runtest"))) return directory;
  if (Bun.which("git") === null) throw new Error("git is not installed: install it, or name the source with --source");
  const child = Bun.spawn(["git", "clone", "--quiet", "--depth", "1", "--branch", version, repository, directory], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
    timeout: cloneTimeoutMs,
  });
  if ((await child.exited) !== 0)
    throw new Error(`git could not clone tag ${version} of ${repository}: name a copy with --source`);
  return directory;
}

/** The suite looks for programs in src/, where a build would have left them. */
function linkPrograms(directory: string): void {
  mkdirSync(join(directory, "src"));
  for (const name of ["valkey-server", "valkey-cli", "valkey-benchmark"]) {
    const program = Bun.which(name);
    if (program !== null) symlinkSync(program, join(directory, "src", name));
  }
}

function listUnits(directory: string): string[] {
  const { stdout } = Bun.spawnSync(["./runtest", "--list-tests"], { cwd: directory });
  return stdout
    .toString()
    .split("\n")
    .filter((line) => line.includes("/"));
}
