/** `larder list`: all caches, or those of one resource group. */
import { formatCacheTable } from "../cache-view.ts";
import { type CommonOptions, openContext } from "../command-context.ts";

export async function list(options: CommonOptions & { resourceGroup?: string }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const caches = await client.listCaches(options.resourceGroup);
  caches.sort((one, other) => one.name.localeCompare(other.name));
  print(caches, () =>
    caches.length === 0 ? "No caches yet. Make one: larder create NAME\n" : formatCacheTable(caches, terminal.colors),
  );
}
