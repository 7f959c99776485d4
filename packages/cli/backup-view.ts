/** Backups as people read them. Pure. */
import type { BackupManifest } from "@larder/api/backup-manifest";
import type { BackupPolicyResource, BackupResource, FoundBackup } from "@larder/api/backup-resource";
import { formatEvery } from "./backup-arguments.ts";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";
import { formatBytes } from "./units.ts";

export function formatBackups(backups: readonly BackupResource[], colors: Colors): string {
  if (backups.length === 0) return "There are no backups yet.\n";
  const heading = ["BACKUP", "STATE", "KEYS", "SIZE", "ENGINE", "VERIFIED", "SHA-256"].map((text) => colors.dim(text));
  const problems = backups.flatMap(({ name, error, verified }) => {
    const message = error?.message ?? (verified?.isGood === false ? verified.message : null);
    return message === null ? [] : [`  ${colors.yellow(name)}: ${message}`];
  });
  const table = formatTable([heading, ...backups.map((backup) => rowOf(backup, colors))]);
  return problems.length === 0 ? table : `${table}\n${problems.join("\n")}\n`;
}

export function formatFound(found: readonly FoundBackup[], colors: Colors): string {
  if (found.length === 0) return "There are no backups there.\n";
  const heading = ["CACHE", "BACKUP", "KEYS", "SIZE", "ENGINE", "SHA-256"].map((text) => colors.dim(text));
  const rows = found.map(({ manifest }) => [
    colors.bold(manifest.cache),
    manifest.name,
    ...figuresOf(manifest, colors),
  ]);
  return formatTable([heading, ...rows.map(([cache = "", name = "", ...figures]) => [cache, name, ...figures])]);
}

export function formatPolicy(policy: BackupPolicyResource | null, cache: string, colors: Colors): string {
  if (policy === null) return `${cache} has no schedule for backups.\n`;
  const rows = policyRows(policy).map(([label = "", value = ""]) => [`  ${colors.dim(label)}`, value]);
  const problem =
    policy.problem === null ? "" : `  ${colors.yellow("the last one failed:")} ${policy.problem.message}\n`;
  return `${colors.bold(cache)} is backed up\n\n${formatTable(rows)}${problem}`;
}

/** "every 6 h, the last 2026-11-22T00:00:00Z": for `larder show`. */
export function policyLine({ everyMinutes, lastGoodAt, lastVerifiedAt, problem }: BackupPolicyResource): string {
  const last = lastGoodAt === null ? "none yet" : `the last good one ${timeText(lastGoodAt)}`;
  const verified = lastVerifiedAt === null ? "none verified" : `the last verified one ${timeText(lastVerifiedAt)}`;
  const failing = problem === null ? "" : `; failing: ${problem.message}`;
  return `every ${formatEvery(everyMinutes)}, ${last}, ${verified}${failing}`;
}

function policyRows({ location, everyMinutes, startAt, keep, keepDays, ...times }: BackupPolicyResource): string[][] {
  return [
    ["To", location],
    ["Every", `${formatEvery(everyMinutes)}${startAt === null ? "" : `, from ${startAt} UTC on`}`],
    ["Kept", `${keep}${keepDays === null ? "" : `, for ${keepDays} days`}`],
    ["Next", times.nextAt === null ? "being made" : timeText(times.nextAt)],
    ["Last good", times.lastGoodAt === null ? "-" : timeText(times.lastGoodAt)],
    ["Last verified", times.lastVerifiedAt === null ? "-" : timeText(times.lastVerifiedAt)],
  ];
}

function rowOf(backup: BackupResource, colors: Colors): string[] {
  const { name, state, manifest, verified } = backup;
  const figures = manifest === null ? ["-", "-", "-", ""] : figuresOf(manifest, colors);
  const [keys = "", size = "", engine = "", sha256 = ""] = figures;
  return [colors.bold(name), paintState(state, colors), keys, size, engine, verdictOf(verified, colors), sha256];
}

function figuresOf({ keys, bytes, engine, sha256 }: BackupManifest, colors: Colors): string[] {
  const count = keys.reduce((sum, one) => sum + one.keys, 0).toLocaleString("en");
  return [count, formatBytes(bytes), `${engine.name} ${engine.version}`, colors.dim(sha256.slice(0, 12))];
}

function paintState(state: BackupResource["state"], colors: Colors): string {
  if (state === "failed") return colors.red(state);
  return state === "made" ? colors.green(state) : state;
}

function verdictOf(verified: BackupResource["verified"], colors: Colors): string {
  if (verified === null) return "-";
  return verified.isGood ? colors.green(timeText(verified.at)) : colors.red(`bad, ${timeText(verified.at)}`);
}

function timeText(iso: string): string {
  return iso.replace(/\.\d+Z$/, "Z");
}
