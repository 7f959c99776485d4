/** Makes sure that a native engine, and what else the tests use, are there before the tests run: observe, plan, say, apply, until done. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { type AptSource, backportsSource, parseAptSources } from "./apt-sources.ts";
import {
  companionPackages,
  type EngineProgram,
  type EngineStep,
  type EnginesObserved,
  planEngines,
  type TriedStep,
} from "./engine-plan.ts";
import { parsePolicy } from "./package-policy.ts";

const programs = [
  "valkey-server",
  "redis-server",
  "mariadbd",
  "swift-proxy-server",
  "pebble",
] as const satisfies EngineProgram[];
/** The path, and where servers are that not every user has on it. */
const searched = [process.env.PATH ?? "", "/usr/sbin", "/usr/local/sbin"].join(delimiter);
const aptLists = "/var/lib/apt/lists";
const memoPath = join(import.meta.dirname, "../../node_modules/.cache/larder/engines.json");

/** Returns the reason when the machine ends up without Valkey. Takes about a millisecond where nothing is missing. */
export function installEngines(say: (sentence: string) => void): string | undefined {
  if (present().length === programs.length) return undefined;
  const remembered = readMemo();
  if (remembered !== undefined) return remembered.missing;
  const tried: TriedStep[] = [];
  for (;;) {
    const step = planEngines(observe(tried));
    if (step.kind === "done") {
      if (tried.every((taken) => taken.succeeded)) writeMemo(step.missing);
      return step.missing;
    }
    say(step.says);
    const command = commandOf(step);
    const succeeded = run(command, step.kind === "add-backports" ? step.source : "");
    if (!succeeded)
      say(`That did not work, and the tests go on with what is there. The command was: ${command.join(" ")}`);
    tried.push({ kind: step.kind, succeeded });
  }
}

function observe(tried: TriedStep[]): EnginesObserved {
  const packageManager = Bun.which("apt-get") ? "apt" : Bun.which("brew") ? "brew" : undefined;
  const release = readRelease();
  const base = {
    present: present(),
    packageManager,
    releaseName: release["PRETTY_NAME"] ?? process.platform,
    tried,
  } as const;
  if (packageManager !== "apt") return { ...base, candidates: new Map(), backports: undefined };
  return { ...base, candidates: readCandidates(), backports: readBackports(release) };
}

function present(): EngineProgram[] {
  return programs.filter((program) => Bun.which(program, { PATH: searched }) !== null);
}

function readRelease(): Record<string, string> {
  if (!existsSync("/etc/os-release")) return {};
  const lines = readFileSync("/etc/os-release", "utf8").matchAll(/^(\w+)="?(.*?)"?$/gm);
  return Object.fromEntries([...lines].map((line) => [line[1] as string, line[2] as string]));
}

function readCandidates(): Map<string, string> {
  const asked = spawnSync("apt-cache", ["policy", "valkey-server", "redis-server", ...companionPackages], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  return parsePolicy(asked.stdout ?? "");
}

/** Only Debian's backports carry Valkey; Ubuntu's, where they have it, are among the default sources. */
function readBackports(release: Record<string, string>): EnginesObserved["backports"] {
  const codename = release["VERSION_CODENAME"];
  if (release["ID"] !== "debian" || codename === undefined) return undefined;
  const source = backportsSource(readAptSources(), codename);
  if (source === undefined || source === "configured") return undefined;
  return { suite: `${codename}-backports`, source };
}

function readAptSources(): AptSource[] {
  const parts = "/etc/apt/sources.list.d";
  const files = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return ["/etc/apt/sources.list", ...files]
    .filter((path) => /\.(list|sources)$/.test(path) && existsSync(path))
    .flatMap((path) => parseAptSources(basename(path), readFileSync(path, "utf8")));
}

function commandOf(step: Exclude<EngineStep, { kind: "done" }>): string[] {
  const isInstallation = "packages" in step;
  const packages = isInstallation ? step.packages : [];
  if (packages.includes("valkey")) return ["brew", "install", "--quiet", ...packages];
  const command = ["sh", join(import.meta.dirname, "apt.sh"), isInstallation ? "install" : step.kind, ...packages];
  // -n: a password prompt would hang an unattended run.
  return process.getuid?.() === 0 ? command : ["sudo", "-n", ...command];
}

/** Quiet, unless it fails. */
function run([program = "", ...args]: string[], input: string): boolean {
  const done = spawnSync(program, args, { input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (done.status !== 0) process.stderr.write(`${done.stdout ?? ""}${done.stderr ?? ""}${done.error?.message ?? ""}`);
  return done.status === 0;
}

/** What apt could not give, remembered until its lists change, so that asking costs nothing the next time. */
interface Memo {
  listsChangedMs: number;
  present: string[];
  missing: string | null;
}

function listsChangedMs(): number {
  return existsSync(aptLists) ? statSync(aptLists).mtimeMs : 0;
}

function readMemo(): { missing: string | undefined } | undefined {
  if (!existsSync(memoPath)) return undefined;
  const memo = JSON.parse(readFileSync(memoPath, "utf8")) as Memo;
  const holds = memo.listsChangedMs === listsChangedMs() && memo.present.join() === present().join();
  return holds ? { missing: memo.missing ?? undefined } : undefined;
}

function writeMemo(missing: string | undefined): void {
  const memo: Memo = { listsChangedMs: listsChangedMs(), present: present(), missing: missing ?? null };
  mkdirSync(dirname(memoPath), { recursive: true });
  writeFileSync(memoPath, JSON.stringify(memo));
}
