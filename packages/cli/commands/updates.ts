/** `larder updates`: which caches have a newer engine before them, and what their owner says to it. */
import { LarderError } from "@larder/api/errors";
import type { CacheUpdates } from "@larder/api/redis-resource";
import { findCache, listCaches } from "../cache-lookup.ts";
import { isRunning } from "../caches/any-cache.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { followThrough } from "../follow-through.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";
import { formatEngineVersion, formatUpdateState } from "../update-view.ts";

interface UpdatesOptions extends CommonOptions {
  resourceGroup?: string;
}

type NamedUpdates = CacheUpdates & { name: string };

export async function listUpdates(options: UpdatesOptions & { all?: boolean }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const found: NamedUpdates[] = [];
  for (const cache of (await listCaches(client, options.resourceGroup)).filter(isRunning)) {
    const updates = await client.getUpdates(cache.at);
    if (updates.pending || options.all) found.push({ name: cache.name, ...updates });
  }
  print(found, () => formatUpdates(found, terminal.colors));
}

export async function startUpdate(name: string, options: UpdatesOptions & { wait: boolean }): Promise<void> {
  const context = openContext(options);
  const { client } = context;
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  const { current, available } = await client.getUpdates(at);
  await followThrough(context, {
    at,
    doing: `Updating ${cache.name} from ${formatEngineVersion(current)} to ${formatEngineVersion(available)}`,
    begin: () => client.askUpdate(at, "start"),
    isUnderWay: async () => (await client.getUpdates(at)).state === "running",
    wait: options.wait,
  });
  const { state, stopped } = await client.getUpdates(at);
  if (state === "stopped") throw new LarderError("Conflict", `The update was given up: ${stopped?.message ?? ""}`);
}

export async function pauseUpdates(name: string, options: UpdatesOptions): Promise<void> {
  await say(name, "pause", options);
}

export async function resumeUpdates(name: string, options: UpdatesOptions): Promise<void> {
  await say(name, "resume", options);
}

async function say(name: string, action: "pause" | "resume", options: UpdatesOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  const updates: NamedUpdates = { name: cache.name, ...(await client.askUpdate(at, action)) };
  print(updates, () => formatUpdates([updates], terminal.colors));
}

function formatUpdates(updates: readonly NamedUpdates[], colors: Colors): string {
  if (updates.length === 0) return "Every cache has the newest engine that the hosts have.\n";
  const heading = ["NAME", "ENGINE", "NEWEST", "STATE"].map((text) => colors.dim(text));
  const rows = updates.map((one) => [
    colors.bold(one.name),
    formatEngineVersion(one.current),
    formatEngineVersion(one.available),
    formatUpdateState(one, colors),
  ]);
  return formatTable([heading, ...rows]);
}
