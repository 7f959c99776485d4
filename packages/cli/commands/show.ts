/** `larder show NAME`: everything about one cache but its keys. */
import { policyLine } from "../backup-view.ts";
import { findCache } from "../cache-lookup.ts";
import { formatCache } from "../cache-view.ts";
import { type CommonOptions, openContext } from "../command-context.ts";

export async function show(name: string, options: CommonOptions & { resourceGroup?: string }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  const policy = await client.backups.policy(at);
  print(cache, () => formatCache(cache, terminal.colors, policy === null ? null : policyLine(policy)));
}
