/** `larder update NAME`: changes what is named, leaves the rest, and waits until it is in force. */
import { findResource } from "../cache-lookup.ts";
import { formatCache } from "../cache-view.ts";
import { kindOf } from "../caches/cache-kinds.ts";
import type { CacheWishes } from "../caches/cache-wishes.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";
import { hasTypedSecret } from "../storage-argument.ts";
import { warnOfSecret } from "../transfer-command.ts";

export interface UpdateOptions extends CommonOptions, CacheWishes {
  resourceGroup?: string;
}

export async function update(name: string, options: UpdateOptions): Promise<void> {
  const { dataDir, api, json, resourceGroup, ...wishes } = options;
  if (Object.keys(wishes).length === 0)
    throw new CommandError(
      "InvalidParameter",
      "Nothing to change was given.",
      "`larder update --help` shows what can change",
    );
  const context = openContext(options);
  const { client, during, print, terminal } = context;
  if (hasTypedSecret([options.persistTo ?? ""])) warnOfSecret(context);
  const cache = await findResource(client, name, resourceGroup);
  const updated = await during(`Updating ${cache.name}`, () => kindOf(cache.at).update(client, cache, wishes));
  print(updated.resource, () => `${terminal.colors.green("Updated")} ${formatCache(updated, terminal.colors)}`);
}
