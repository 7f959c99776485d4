/** Transfers of data as people read them. Pure. */
import type { TransferResource } from "@larder/api/transfer-resource";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";
import { formatBytes, formatDuration, localTime } from "./units.ts";

const barCells = 24;

export function isOver({ endedAt }: Pick<TransferResource, "endedAt">): boolean {
  return endedAt !== null;
}

/** How fast it is, from looks at it some seconds apart. */
export interface Rate {
  keysPerSecond: number | null;
  bytesPerSecond: number | null;
}

/** "Importing": what the command is doing. */
export function transferTitle({ kind, mode, from, to }: TransferResource, cache: string): string {
  switch (kind) {
    case "import":
      return mode === "merge" ? `Merging into ${cache}` : `Importing into ${cache}`;
    case "export":
      return `Exporting ${cache}`;
    case "migrate":
      return `Migrating ${from.join(", ")} to ${cache}`;
    case "reverse":
      return `Writing ${cache} back to ${to.join(", ")}`;
    case "verify":
      return `Verifying a backup of ${cache}`;
    case "compare":
      return `Comparing ${cache} with ${from.join(", ")}`;
  }
}

interface HowFar {
  status: TransferResource["status"];
  progress: Pick<NonNullable<TransferResource["progress"]>, "bytes" | "bytesTotal" | "keys" | "keysTotal"> | null;
}

/** From 0 to 1; null where nobody knows how much there is. */
export function shareDone({ status, progress }: HowFar): number | null {
  if (status === "succeeded") return 1;
  if (progress === null) return null;
  const ofBytes =
    progress.bytesTotal === null || progress.bytesTotal === 0 ? null : progress.bytes / progress.bytesTotal;
  const ofKeys = progress.keysTotal === null || progress.keysTotal === 0 ? null : progress.keys / progress.keysTotal;
  const share = ofBytes ?? ofKeys;
  return share === null ? null : Math.min(1, share);
}

/** "64 %  6,400,000 of about 10,000,000 keys, 1.2 GB  310,000 keys/s  about 12 s left". */
export function formatFigures(transfer: TransferResource, rate: Rate): string {
  const { progress } = transfer;
  const share = shareDone(transfer);
  const parts = share === null ? [] : [`${Math.floor(share * 100)} %`];
  if (progress !== null) {
    parts.push(formatSize(progress));
  }
  if (rate.keysPerSecond) parts.push(`${count(Math.round(rate.keysPerSecond))} keys/s`);
  if (progress?.lagBytes != null) parts.push(`${formatBytes(progress.lagBytes)} behind`);
  const leftMs = timeLeftMs(transfer, rate);
  if (leftMs !== null) parts.push(`about ${formatDuration(Math.max(1_000, leftMs))} left`);
  return parts.join("  ");
}

/** Keys are not counted where a file passes as it is. */
function formatSize({ keys, keysTotal, bytes }: NonNullable<TransferResource["progress"]>): string {
  if (keys === 0 && bytes > 0) return formatBytes(bytes);
  const total = keysTotal === null ? "" : ` of about ${count(keysTotal)}`;
  return `${count(keys)}${total} ${(keysTotal ?? keys) === 1 ? "key" : "keys"}, ${formatBytes(bytes)}`;
}

export function formatBar(share: number | null, colors: Colors): string {
  if (share === null) return colors.dim("░".repeat(barCells));
  const full = Math.round(share * barCells);
  return `${colors.green("█".repeat(full))}${colors.dim("░".repeat(barCells - full))}`;
}

/** What it does just now. */
export function phaseOf({ status, progress, error }: TransferResource): string {
  if (status === "waiting") return "waiting for its turn, or for its node";
  if (status === "cuttingOver") return "clients are being moved to the new data";
  return progress?.phase || progress?.state || error?.message || status;
}

/** What came of it, in lines. */
export function formatOutcome(transfer: TransferResource, cache: string, colors: Colors): string {
  const { status, progress, error, createdAt, endedAt } = transfer;
  const took = endedAt === null ? "" : `, ${formatDuration(Date.parse(endedAt) - Date.parse(createdAt))}`;
  const outcome =
    status === "succeeded" ? colors.green("Done") : colors.red(status === "cancelled" ? "Cancelled" : "Failed");
  const lines = [`${outcome}: ${transferTitle(transfer, cache)}${took}`];
  if (error !== null) lines.push(`  ${error.message}`);
  if (progress !== null) {
    const skipped = progress.keysSkipped === 0 ? "" : `, ${count(progress.keysSkipped)} left out`;
    lines.push(`  ${formatSize({ ...progress, keysTotal: null })}${skipped}`);
    for (const { name, bytes, sha256 } of progress.files)
      lines.push(`  ${name}  ${formatBytes(bytes)}  ${colors.dim(`sha256 ${sha256}`)}`);
    for (const caveat of progress.caveats) lines.push(`  ${colors.yellow("note:")} ${caveat}`);
    lines.push(...formatDifferences(transfer, colors));
  }
  return `${lines.join("\n")}\n`;
}

export function formatTransfers(transfers: readonly TransferResource[], colors: Colors): string {
  if (transfers.length === 0) return "No data was moved yet.\n";
  const heading = ["ID", "STATUS", "KEYS", "SIZE", "BEGUN", "WHERE"].map((text) => colors.dim(text));
  return formatTable([heading, ...transfers.map((transfer) => rowOf(transfer, colors))]);
}

function rowOf(transfer: TransferResource, colors: Colors): string[] {
  const { id, progress, createdAt, from, to } = transfer;
  return [
    colors.bold(id),
    paintStatus(transfer, colors),
    progress === null ? "-" : count(progress.keys),
    progress === null ? "-" : formatBytes(progress.bytes),
    localTime(createdAt),
    [...from, ...to].join(" "),
  ];
}

function paintStatus(transfer: TransferResource, colors: Colors): string {
  const { status, paused, progress } = transfer;
  const share = shareDone(transfer);
  if (status === "failed") return colors.red(status);
  if (status !== "running") return status;
  if (paused) return colors.yellow("paused");
  if (progress?.state === "following") return "following";
  return share === null ? status : `${status} ${Math.floor(share * 100)} %`;
}

function formatDifferences({ progress }: TransferResource, colors: Colors): string[] {
  const differences = progress?.differences ?? null;
  if (differences === null) return [];
  if (differences.count === 0) return [`  ${colors.green("No key differs.")}`];
  const examples = differences.examples.map(
    ({ database, key, difference }) =>
      `    ${difference}: ${JSON.stringify(key)}${database === 0 ? "" : ` in ${database}`}`,
  );
  return [`  ${colors.red(differText(differences.count))}${examples.length === 0 ? "." : ", such as:"}`, ...examples];
}

function timeLeftMs(transfer: TransferResource, { bytesPerSecond, keysPerSecond }: Rate): number | null {
  const { progress, status } = transfer;
  if (progress === null || status !== "running" || progress.state !== "running") return null;
  if (progress.bytesTotal !== null && bytesPerSecond)
    return (1_000 * Math.max(0, progress.bytesTotal - progress.bytes)) / bytesPerSecond;
  if (progress.keysTotal !== null && keysPerSecond)
    return (1_000 * Math.max(0, progress.keysTotal - progress.keys)) / keysPerSecond;
  return null;
}

export function differText(keys: number): string {
  return keys === 1 ? "1 key differs" : `${count(keys)} keys differ`;
}

function count(value: number): string {
  return value.toLocaleString("en");
}
