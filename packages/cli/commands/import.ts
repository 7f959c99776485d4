/** `larder import NAME FILE…`: brings data into a cache, and stays until it is there. */
import { readFileSync } from "node:fs";
import type { StorageLocation } from "@larder/api/storage-location";
import { findCache } from "../cache-lookup.ts";
import { type CommandContext, openContext } from "../command-context.ts";
import { LocalFiles, requireWait } from "../local-files.ts";
import { expandArguments, hasTypedSecret, parseStorageArgument, type StorageArgument } from "../storage-argument.ts";
import { filterOf, seeThrough, type TransferOptions, warnOfSecret } from "../transfer-command.ts";

export interface ImportOptions extends TransferOptions {
  /** true: without a value. */
  merge?: "keep" | "replace" | true;
}

export async function importData(name: string, sources: string[], options: ImportOptions): Promise<void> {
  const context = openContext(options);
  const { client } = context;
  const typed = expandArguments(sources, (file) => readFileSync(file, "utf8"));
  if (hasTypedSecret(sources)) warnOfSecret(context);
  const given = typed.map((text) => parseStorageArgument(text, process.env));
  const isLocal = given.some(({ kind }) => kind === "path");
  if (isLocal) requireWait(options.wait);
  const { at } = await findCache(client, name, options.resourceGroup);
  const local = isLocal ? await openLocal(context) : undefined;
  const body = async () => ({
    files: await locationsOf(given, local),
    ...(options.merge === undefined ? {} : { merge: true, existing: options.merge === true ? "keep" : options.merge }),
    filter: filterOf(options),
  });
  try {
    await seeThrough(context, { at, begin: async () => client.beginTransfer(at, "import", await body()), options });
  } finally {
    await local?.remove();
  }
}

async function openLocal({ client, service }: CommandContext): Promise<LocalFiles> {
  return LocalFiles.open(service, (await client.listHosts()).length);
}

async function locationsOf(
  given: readonly StorageArgument[],
  local: LocalFiles | undefined,
): Promise<StorageLocation[]> {
  const locations: StorageLocation[] = [];
  for (const [index, argument] of given.entries())
    if (argument.kind === "location") locations.push(argument.location);
    else if (local !== undefined) locations.push({ url: await local.offer(argument.path, index), credentials: null });
  return locations;
}
