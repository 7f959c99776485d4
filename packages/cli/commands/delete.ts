/** `larder delete NAME`: removes a cache and its data, once somebody has agreed. */
import { findResource } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { isAgreed } from "../consent.ts";

export interface DeleteOptions extends CommonOptions {
  resourceGroup?: string;
  yes?: boolean;
}

export async function deleteCache(name: string, options: DeleteOptions): Promise<void> {
  const { client, during, print, terminal } = openContext(options);
  const cache = await findResource(client, name, options.resourceGroup);
  const consent = { doing: `Deleting ${cache.name}`, question: `Delete ${cache.name} and all data in it?` };
  if (!options.yes && !(await isAgreed(consent, terminal))) {
    print({ name: cache.name, deleted: false }, () => "Nothing was deleted.\n");
    return;
  }
  await during(`Deleting ${cache.name}`, () => client.deleteCache(cache.at));
  print({ name: cache.name, deleted: true }, () => `${terminal.colors.green("Deleted")} ${cache.name}\n`);
}
