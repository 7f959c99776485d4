/** What a cache's history says of a transfer that is over. Pure. */
import { type CacheEvent, describeLocation, type TransferObserved, type TransferTask } from "@larder/api";
import type { TransferDocument } from "../documents/transfer-document.ts";

type Event = Omit<CacheEvent, "number" | "time">;

const eventKinds: Record<TransferTask["kind"], CacheEvent["kind"]> = {
  import: "import",
  export: "export",
  migrate: "migration",
  reverse: "migration",
  compare: "migration",
  verify: "backup",
};

const names: Record<TransferTask["kind"], string> = {
  import: "The import",
  export: "The export",
  migrate: "The migration",
  reverse: "The way back to the old server",
  compare: "The comparison",
  verify: "The verification of a backup",
};

export function transferEvent(transfer: TransferDocument, nowMs: number): Event {
  const { task, status, problem, createdMs } = transfer;
  const times = { durationMs: nowMs - createdMs, holdMs: null };
  const kind = isBackup(task) ? "backup" : eventKinds[task.kind];
  if (status === "succeeded") return { ...times, kind, cause: "asked for", text: outcomeText(transfer) };
  const what = status === "cancelled" ? "was cancelled" : "failed";
  const name = isBackup(task) ? "The backup" : names[task.kind];
  return {
    ...times,
    kind,
    cause: problem?.message ?? "asked for",
    text: `${name} ${what}${whatIsLeft(transfer)}`,
  };
}

function outcomeText({ task, progress }: TransferDocument): string {
  const size = sizeOf(progress);
  switch (task.kind) {
    case "import":
      return task.mode === "fill" ? `The cache's data was replaced by ${size}` : mergedText(progress);
    case "export":
      return isBackup(task)
        ? `A backup of ${size} was made: ${task.fileName}`
        : `${size} were exported to ${describeLocation(task.to)}`;
    case "verify":
      return `The backup of ${task.manifest.name} is good: ${size} were restored into a node of their own and compared`;
    case "migrate":
      return `The cache has ${size} of another server now`;
    case "reverse":
      return `${size} were written back`;
    case "compare":
      return `${size} were compared; ${differText(progress?.differences?.count ?? 0)}`;
  }
}

/** Each key of a merge is counted, also where all were there already. */
function mergedText(progress: TransferObserved | null): string {
  const skipped = progress?.keysSkipped ?? 0;
  const left = skipped === 0 ? "" : `; ${keysText(skipped)} of the files ${skipped === 1 ? "was" : "were"} left out`;
  const keys = progress?.keys ?? 0;
  return `${keysText(keys)} ${keys === 1 ? "was" : "were"} imported${left}`;
}

/** Keys are not counted where a file passes as it is. */
function sizeOf(progress: TransferObserved | null): string {
  const { keys, bytes } = progress ?? { keys: 0, bytes: 0 };
  const inBytes = `${bytes.toLocaleString("en")} bytes`;
  return keys === 0 && bytes > 0 ? inBytes : `${keysText(keys)} (${inBytes})`;
}

function keysText(keys: number): string {
  return keys === 1 ? "1 key" : `${keys.toLocaleString("en")} keys`;
}

function differText(keys: number): string {
  return `${keysText(keys)} ${keys === 1 ? "differs" : "differ"}`;
}

function isBackup(task: TransferTask): boolean {
  return task.kind === "export" && task.backup !== undefined;
}

function whatIsLeft({ task }: TransferDocument): string {
  if (task.kind === "import" && task.mode === "merge") return "; what was imported by then stays";
  return task.kind === "import" || task.kind === "migrate" ? "; the cache has what it had" : "";
}
