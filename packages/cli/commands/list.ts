/** `larder list`: all caches, or those of one resource group. */
import { listCaches } from "../cache-lookup.ts";
import { formatCacheTable } from "../cache-view.ts";
import { type CommonOptions, openContext } from "../command-context.ts";

export async function list(options: CommonOptions & { resourceGroup?: string }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const caches = await listCaches(client, options.resourceGroup);
  const resources = caches.map(({ resource }) => resource);
  print(resources, () =>
    caches.length === 0 ? "No caches yet. Make one: larder create NAME\n" : formatCacheTable(caches, terminal.colors),
  );
}
