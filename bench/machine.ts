/** What the measurements were made on: enough to compare two results, nothing that names the machine or its owner. */
import { existsSync, readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { systemClock } from "@larder/service";
import { machineTicks } from "./cpu.ts";

export interface Machine {
  date: string;
  cpu: string;
  cores: number;
  memoryGiB: number;
  system: string;
  kernel: string;
  versions: Record<string, string>;
  /** The share of all cores that other programs used in the second before the run. */
  busyBefore: number;
}

export async function describeMachine(programs: readonly ProgramVersion[]): Promise<Machine> {
  const versions = await Promise.all([...programs, ...ownPrograms].map(async (of) => [of.name, await versionOf(of)]));
  return {
    date: new Date(systemClock.nowMs()).toISOString(),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: systemName(),
    kernel: `${type()} ${release()}`,
    versions: { larder: larderVersion(), ...Object.fromEntries(versions) },
    busyBefore: await measureBusy(),
  };
}

export interface ProgramVersion {
  name: string;
  command: readonly string[];
}

const ownPrograms: readonly ProgramVersion[] = [{ name: "bun", command: [process.execPath, "--version"] }];

/** The first thing that looks like a version in what the program prints, or "missing". */
async function versionOf(program: ProgramVersion): Promise<string> {
  const [name = ""] = program.command;
  if (Bun.which(name) === null) return "missing";
  const child = Bun.spawn([...program.command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const text = (await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])).join("\n");
  return /\d+\.\d+(?:\.\d+)?/.exec(text)?.[0] ?? "unknown";
}

function larderVersion(): string {
  const manifest = JSON.parse(readFileSync(join(import.meta.dir, "../package.json"), "utf8")) as { version: string };
  return manifest.version;
}

function systemName(): string {
  if (!existsSync("/etc/os-release")) return type();
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? type();
}

async function measureBusy(): Promise<number> {
  const before = machineTicks();
  await systemClock.sleep(1_000);
  const after = machineTicks();
  return Math.round((100 * (after.busy - before.busy)) / (after.all - before.all)) / 100;
}

export function machineText(machine: Machine): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, ${machine.kernel}`,
    versions.join(", "),
    `${machine.date}; other programs used ${Math.round(100 * machine.busyBefore)} % of the cores just before`,
  ].join("\n");
}
