/** `larder switchover NAME`: a replica takes over as the primary; clients stay connected. */
import { cacheAt, findCache } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { followThrough } from "../follow-through.ts";

export async function switchover(
  name: string,
  options: CommonOptions & { resourceGroup?: string; wait: boolean },
): Promise<void> {
  const context = openContext(options);
  const { client } = context;
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  await followThrough(context, {
    at,
    doing: `Changing the primary of ${cache.name}`,
    begin: () => client.switchOver(at),
    isUnderWay: async () => (await cacheAt(client, at)).larder?.underWay === "switchover",
    wait: options.wait,
  });
}
