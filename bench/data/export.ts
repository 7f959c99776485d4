/** How long a cache's data takes into a file, beside the same engine's own BGSAVE. */
import { dirname } from "node:path";
import { systemClock } from "@larder/service";
import type { NodeClient } from "../availability/larder-nodes.ts";
import { atMost } from "../client/client-goals.ts";
import type { PartResult } from "../client/part.ts";
import { peakResidentBytes, residentBytes } from "../cpu.ts";
import { median } from "../quantile.ts";
import type { DataContext } from "./part.ts";
import type { SavedFile } from "./saved-file.ts";
import { fileUrl, ServedCache } from "./served-cache.ts";

const rounds = { full: 3, quick: 2 };
const timesAtMost = 1.5;
const lookMs = 5;

export async function exportFile(context: DataContext): Promise<PartResult> {
  await using stack = new AsyncDisposableStack();
  const file = await context.smallKeys();
  const { isQuick, signal } = context;
  const sku = { name: "Basic", family: "C", capacity: isQuick ? 1 : 3 } as const;
  const storageRoot = dirname(file.path);
  const cache = await ServedCache.start(stack, { sku }, { storageRoot, signal });
  await cache.timed("import", { files: [fileUrl(file.path)] });
  const restBytes = residentBytes(cache.agentPid);
  const node = await cache.node();
  const saves: number[] = [];
  const exports: number[] = [];
  try {
    while (saves.length < rounds[isQuick ? "quick" : "full"]) {
      saves.push(await saveOnce(node, signal));
      await untilNoChild(node, signal);
      exports.push(await exportOnce(cache, file, fileUrl(storageRoot, "out")));
    }
  } finally {
    node.close();
  }
  return resultOf(file, { saves, exports, agentBytes: peakResidentBytes(cache.agentPid) - restBytes });
}

async function saveOnce(node: NodeClient, signal: AbortSignal): Promise<number> {
  await untilNoChild(node, signal);
  const startMs = systemClock.monotonicMs();
  await node.ask("BGSAVE");
  await untilNoChild(node, signal);
  return systemClock.monotonicMs() - startMs;
}

/** The child of an export ends a moment after the file is whole. */
async function untilNoChild(node: NodeClient, signal: AbortSignal): Promise<void> {
  while (/^rdb_bgsave_in_progress:1/m.test(String(await node.ask("INFO", "persistence")))) {
    signal.throwIfAborted();
    await systemClock.sleep(lookMs);
  }
}

async function exportOnce(cache: ServedCache, { keys }: SavedFile, container: string): Promise<number> {
  const { ms, transfer } = await cache.timed("export", { container, prefix: "bench" });
  if (transfer.progress?.keys !== keys) throw new Error(`The export has ${transfer.progress?.keys} of ${keys} keys.`);
  return ms;
}

function resultOf(
  file: SavedFile,
  { saves, exports, agentBytes }: { saves: number[]; exports: number[]; agentBytes: number },
): PartResult {
  const what = `export of ${file.keys.toLocaleString("en")} small keys, ${Math.round(file.bytes / 1e6)} MB`;
  const ratio = median(exports.map((ms, round) => ms / (saves[round] as number)));
  const times = { larder: exports, "the engine's BGSAVE": saves };
  return {
    figures: [
      ...Object.entries(times).map(([contender, ms]) => ({
        what,
        contender,
        value: Math.round(median(ms)),
        unit: "ms",
      })),
      {
        what: `${what}: agent's memory at most, above rest`,
        contender: "larder",
        value: Math.round(agentBytes / 1e6),
        unit: "MB",
      },
    ],
    goals: [
      atMost("export", "time, beside the engine's own BGSAVE", Math.round(ratio * 100) / 100, [timesAtMost, "times"]),
    ],
  };
}
