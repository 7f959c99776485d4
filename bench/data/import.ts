/** How long a file of small keys takes into a cache, both ways of loading it, beside an engine that starts with the file. */
import { linkSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemClock } from "@larder/service";
import { atLeast } from "../client/client-goals.ts";
import type { Figure, PartResult } from "../client/part.ts";
import { peakResidentBytes, residentBytes } from "../cpu.ts";
import { median } from "../quantile.ts";
import type { DataContext } from "./part.ts";
import { startPlainEngine, untilLoaded } from "./plain-engine.ts";
import type { SavedFile } from "./saved-file.ts";
import { fileUrl, ServedCache } from "./served-cache.ts";
import { smallKeyPrefix } from "./small-keys.ts";

const rounds = { full: 3, quick: 2 };
const timesAtLeast = 0.5;
const peer = "the engine itself";
/** A whole file goes by the engine's own loader; with a filter, though all keys pass it, key by key. */
const whole = "larder, engine's loader";
const byKey = "larder, own loader";
const ways = { [whole]: {}, [byKey]: { filter: { prefixes: [smallKeyPrefix] } } } as const;

export async function importFile(context: DataContext): Promise<PartResult> {
  await using stack = new AsyncDisposableStack();
  const file = await context.smallKeys();
  const { isQuick, signal } = context;
  const sku = { name: "Basic", family: "C", capacity: isQuick ? 1 : 3 } as const;
  const cache = await ServedCache.start(stack, { sku }, { storageRoot: dirname(file.path), signal });
  const restBytes = residentBytes(cache.agentPid);
  const rates = new Map<string, number[]>([
    [peer, []],
    ...Object.keys(ways).map((way) => [way, []] as [string, number[]]),
  ]);
  for (let round = 0; round < rounds[isQuick ? "quick" : "full"]; round++) {
    rates.get(peer)?.push(file.keys / (await loadByPeer(file, signal)));
    for (const way of Object.keys(ways) as (keyof typeof ways)[])
      rates.get(way)?.push(file.keys / (await importOnce(cache, file, way)));
  }
  return resultOf(file, rates, peakResidentBytes(cache.agentPid) - restBytes);
}

/** Seconds from its start until it has loaded all. */
async function loadByPeer({ path, keys }: SavedFile, signal: AbortSignal): Promise<number> {
  // Beside the file, as a link across file systems would be a copy.
  const directory = mkdtempSync(join(dirname(path), "peer-"));
  linkSync(path, join(directory, "dump.rdb"));
  const startMs = systemClock.monotonicMs();
  const engine = await startPlainEngine(directory);
  try {
    await untilLoaded(engine, signal);
    const seconds = (systemClock.monotonicMs() - startMs) / 1_000;
    requireKeys(await engine.client.dbsize(), keys);
    return seconds;
  } finally {
    await engine.stop();
    rmSync(directory, { recursive: true });
  }
}

/** Seconds from the request until the cache's clients have the data. */
async function importOnce(cache: ServedCache, file: SavedFile, way: keyof typeof ways): Promise<number> {
  const { ms, transfer } = await cache.timed("import", { files: [fileUrl(file.path)], ...ways[way] });
  if (transfer.progress?.usedEngineLoader !== (way === whole)) throw new Error(`The import did not go by ${way}.`);
  const node = await cache.node();
  requireKeys(Number(await node.ask("DBSIZE")), file.keys);
  node.close();
  return ms / 1_000;
}

function requireKeys(held: number, wanted: number): void {
  if (held !== wanted) throw new Error(`${held} keys were loaded of ${wanted}.`);
}

function resultOf(file: SavedFile, rates: Map<string, number[]>, agentBytes: number): PartResult {
  const what = `import of ${file.keys.toLocaleString("en")} small keys, ${Math.round(file.bytes / 1e6)} MB`;
  const figures: Figure[] = [...rates].map(([contender, values]) => ({
    what,
    contender,
    value: Math.round(median(values)),
    unit: "keys/s",
  }));
  const memory = { what: `${what}: agent's memory at most, above rest`, contender: "larder" };
  return {
    figures: [...figures, { ...memory, value: Math.round(agentBytes / 1e6), unit: "MB" }],
    goals: [atLeast("import", rates, [whole, peer], timesAtLeast)],
  };
}
