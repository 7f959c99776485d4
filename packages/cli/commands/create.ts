/** `larder create NAME`: makes a cache and waits until it answers. */
import type { RedisCreateBody } from "@larder/api/redis-resource";
import {
  type LarderSwitches,
  parseConfiguration,
  parseLarderSettings,
  parsePairs,
  parsePublicAccess,
  parseReplicas,
  parseSku,
  type Switch,
} from "../cache-arguments.ts";
import { formatAddress, formatEngine, formatSize } from "../cache-view.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { hasTypedSecret } from "../storage-argument.ts";
import { formatTable } from "../table.ts";
import { warnOfSecret } from "../transfer-command.ts";
import { formatBytes, formatDuration } from "../units.ts";

export interface CreateOptions extends CommonOptions, LarderSwitches {
  sku: string;
  replicas?: string;
  redisVersion?: string;
  resourceGroup: string;
  location: string;
  policy?: string;
  config?: string[];
  plainPort?: boolean;
  publicAccess?: Switch;
  tag?: string[];
}

export async function create(name: string, options: CreateOptions): Promise<void> {
  const body = bodyOf(options);
  const context = openContext(options);
  const { client, clock, during, print, terminal } = context;
  if (hasTypedSecret([options.persistTo ?? ""])) warnOfSecret(context);
  const startedMs = clock.monotonicMs();
  await client.checkName(name);
  const at = { resourceGroup: options.resourceGroup, name };
  const cache = await during(`Creating ${name}`, () => client.createCache(at, body));
  const tookMs = clock.monotonicMs() - startedMs;
  print(cache, () => {
    const { colors } = terminal;
    const rows = [
      ["Address", `rediss://${formatAddress(cache)}`],
      ["Size", `${formatSize(cache)}, ${formatBytes(cache.properties.larder.memoryBytesMax)}`],
      ["Engine", formatEngine(cache)],
      ...(cache.properties.replicasPerPrimary === undefined
        ? []
        : [["Replicas", String(cache.properties.replicasPerPrimary)]]),
    ].map(([label = "", value = ""]) => [`  ${colors.dim(label)}`, value]);
    return (
      `${colors.green("Created")} ${colors.bold(cache.name)} in ${formatDuration(tookMs)}\n\n${formatTable(rows)}\n` +
      `${colors.dim(`Next: larder connect ${cache.name} · larder console ${cache.name}`)}\n`
    );
  });
}

function bodyOf(options: CreateOptions): RedisCreateBody {
  const redisConfiguration = parseConfiguration(options);
  const larder = parseLarderSettings(options);
  return {
    location: options.location,
    tags: parsePairs("--tag", options.tag ?? []),
    properties: {
      sku: parseSku(options.sku),
      ...(options.replicas === undefined ? {} : { replicasPerPrimary: parseReplicas(options.replicas) }),
      ...(options.redisVersion === undefined ? {} : { redisVersion: options.redisVersion }),
      ...(redisConfiguration === undefined ? {} : { redisConfiguration }),
      ...(larder === undefined ? {} : { larder }),
      ...(options.plainPort ? { enableNonSslPort: true } : {}),
      ...parsePublicAccess(options.publicAccess),
    },
  };
}
