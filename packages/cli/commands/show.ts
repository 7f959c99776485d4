/** `larder show NAME`: everything about one cache but its keys. */
import { policyLine } from "../backup-view.ts";
import { findResource } from "../cache-lookup.ts";
import { formatCache } from "../cache-view.ts";
import { isRunning } from "../caches/any-cache.ts";
import { type CommonOptions, openContext } from "../command-context.ts";

export async function show(name: string, options: CommonOptions & { resourceGroup?: string }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const cache = await findResource(client, name, options.resourceGroup);
  const policy = isRunning(cache) ? await client.backups.policy(cache.at) : null;
  print(cache.resource, () => formatCache(cache, terminal.colors, policy === null ? null : policyLine(policy)));
}
