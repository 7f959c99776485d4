/** `larder keys list` and `larder keys renew`: the two access keys of a cache, either of which is accepted. */
import type { AccessKeys } from "@larder/api/redis-resource";
import { findCache } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";

export interface KeysOptions extends CommonOptions {
  resourceGroup?: string;
}

export async function listKeys(name: string, options: KeysOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { at } = await findCache(client, name, options.resourceGroup);
  const keys = await client.listKeys(at);
  print(keys, () => formatKeys(keys, terminal.colors));
}

export async function renewKey(name: string, options: KeysOptions & { key: "primary" | "secondary" }): Promise<void> {
  const { client, print, terminal, during } = openContext(options);
  const { at } = await findCache(client, name, options.resourceGroup);
  const keyType = options.key === "primary" ? "Primary" : "Secondary";
  const keys = await during(`Renewing the ${options.key} key of ${at.name}`, () => client.regenerateKey(at, keyType));
  print(
    keys,
    () =>
      `Renewed the ${options.key} key of ${at.name}; the old one is refused from now on.\n\n${formatKeys(keys, terminal.colors)}`,
  );
}

function formatKeys({ primaryKey, secondaryKey }: AccessKeys, colors: Colors): string {
  return formatTable([
    [colors.dim("primary"), primaryKey],
    [colors.dim("secondary"), secondaryKey],
  ]);
}
