/** `larder reboot NAME`: ends engines of a cache and starts them anew, by default the primary's, which hands over first. */
import { cacheAt, findCache } from "../cache-lookup.ts";
import type { RunningCache } from "../caches/any-cache.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { isAgreed } from "../consent.ts";
import { CommandError } from "../failure.ts";
import { followThrough } from "../follow-through.ts";

export interface RebootOptions extends CommonOptions {
  resourceGroup?: string;
  replica?: boolean;
  all?: boolean;
  yes?: boolean;
  wait: boolean;
}

export async function reboot(name: string, options: RebootOptions): Promise<void> {
  if (options.replica && options.all)
    throw new CommandError(
      "InvalidParameter",
      "--replica and --all exclude each other.",
      "--all has the replicas in it",
    );
  const context = openContext(options);
  const { client, print, terminal } = context;
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  const doing = `Rebooting ${options.all ? "all of " : options.replica ? "the replicas of " : ""}${cache.name}`;
  const question = `Reboot ${cache.name} and lose all data in it?`;
  if (losesData(cache, options) && !options.yes && !(await isAgreed({ doing, question }, terminal))) {
    print({ name: cache.name, done: false, events: [] }, () => "Nothing was rebooted.\n");
    return;
  }
  const type = options.all ? "AllNodes" : options.replica ? "SecondaryNode" : "PrimaryNode";
  await followThrough(context, {
    at,
    doing,
    begin: () => client.rebootCache(at, type),
    isUnderWay: async () => (await cacheAt(client, at)).larder?.underWay === "reboot",
    wait: options.wait,
  });
}

/** Nobody has a copy. */
function losesData({ larder }: RunningCache, { all, replica }: RebootOptions): boolean {
  return all === true || (replica !== true && larder.nodes.length < 2);
}
