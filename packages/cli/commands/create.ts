/** `larder create NAME`: makes a cache, or a cluster with its database, and waits until it answers. */
import { skuText } from "@larder/api/skus";
import { formatEngine } from "../cache-view.ts";
import { addressOf, isRunning, type RunningCache, schemeOf, takesConsole } from "../caches/any-cache.ts";
import type { NewCache } from "../caches/cache-kind.ts";
import { kindOf, providerOfSize } from "../caches/cache-kinds.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { hasTypedSecret } from "../storage-argument.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";
import { warnOfSecret } from "../transfer-command.ts";
import { formatBytes, formatDuration } from "../units.ts";

export interface CreateOptions extends CommonOptions, NewCache {
  resourceGroup: string;
}

export async function create(name: string, options: CreateOptions): Promise<void> {
  const context = openContext(options);
  const { client, clock, during, print, terminal } = context;
  if (hasTypedSecret([options.persistTo ?? ""])) warnOfSecret(context);
  const startedMs = clock.monotonicMs();
  const at = { resourceGroup: options.resourceGroup, name, provider: providerOfSize(options.sku) };
  const cache = await during(`Creating ${name}`, () => kindOf(at).create(client, at, options));
  const tookMs = clock.monotonicMs() - startedMs;
  print(cache.resource, () => {
    const { colors } = terminal;
    const title = `${colors.green("Created")} ${colors.bold(cache.name)} in ${formatDuration(tookMs)}\n`;
    if (!isRunning(cache)) return title;
    const next = [`larder connect ${cache.name}`, ...(takesConsole(cache) ? [`larder console ${cache.name}`] : [])];
    return `${title}\n${formatTable(rowsOf(cache, colors))}\n${colors.dim(`Next: ${next.join(" · ")}`)}\n`;
  });
}

function rowsOf(cache: RunningCache, colors: Colors): string[][] {
  return [
    ["Address", `${schemeOf(cache)}://${addressOf(cache)}`],
    ["Size", `${skuText(cache.sku)}, ${formatBytes(cache.larder.memoryBytesMax)}`],
    ["Engine", formatEngine(cache)],
    ...(cache.replicas === undefined ? [] : [["Replicas", String(cache.replicas)]]),
  ].map(([label = "", value = ""]) => [`  ${colors.dim(label)}`, value]);
}
