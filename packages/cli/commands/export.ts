/** `larder export NAME TARGET`: writes a cache's data into a file, and stays until that is whole. */
import { existsSync, readFileSync } from "node:fs";
import { LarderError } from "@larder/api/errors";
import type { TransferResource } from "@larder/api/transfer-resource";
import { findCache } from "../cache-lookup.ts";
import { openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";
import { LocalFiles, requireWait, requireWritable } from "../local-files.ts";
import { expandArguments, exportTarget, hasTypedSecret, parseStorageArgument } from "../storage-argument.ts";
import { filterOf, seeThrough, type TransferOptions, warnOfSecret } from "../transfer-command.ts";

export interface ExportOptions extends TransferOptions {
  gzip?: boolean;
  rdbVersion?: number;
  force?: boolean;
}

export async function exportData(name: string, target: string, options: ExportOptions): Promise<void> {
  const context = openContext(options);
  const { client, service } = context;
  const [typed, ...more] = expandArguments([target], (file) => readFileSync(file, "utf8"));
  if (typed === undefined || more.length > 0) throw new LarderError("InvalidParameter", "An export has one target.");
  if (hasTypedSecret([target])) warnOfSecret(context);
  const argument = parseStorageArgument(typed, process.env);
  const { at, cache } = await findCache(client, name, options.resourceGroup);
  const begin = (to: ReturnType<typeof exportTarget>) =>
    client.beginTransfer(at, "export", {
      ...to,
      gzip: options.gzip ?? typed.endsWith(".gz"),
      rdbVersion: options.rdbVersion ?? null,
      filter: filterOf(options),
    });
  if (argument.kind === "location") {
    const to = exportTarget(argument.location, cache.name);
    return seeThrough(context, { at, begin: () => begin(to), options });
  }
  await requireTakable(argument.path, options);
  const local = await LocalFiles.open(service, (await client.listHosts()).length);
  try {
    const to = { container: { url: local.url, credentials: null }, prefix: "export" };
    const done = (transfer: TransferResource) =>
      takeFile(local, transfer, { path: argument.path, replaces: options.force === true });
    await seeThrough(context, { at, begin: () => begin(to), options, done });
  } finally {
    await local.remove();
  }
}

/** Before anything is moved. */
async function requireTakable(path: string, { wait, force }: ExportOptions): Promise<void> {
  requireWait(wait);
  if (existsSync(path) && !force)
    throw new CommandError("InvalidParameter", `${path} exists.`, "--force replaces it, once the new one is whole");
  await requireWritable(path);
}

async function takeFile(
  local: LocalFiles,
  transfer: TransferResource,
  { path, replaces }: { path: string; replaces: boolean },
): Promise<TransferResource> {
  const { to, progress } = transfer;
  await local.take(to[0]?.slice(to[0].lastIndexOf("/") + 1) ?? "", path, replaces);
  const files = progress?.files.map((file) => ({ ...file, name: path })) ?? [];
  return { ...transfer, to: [path], progress: progress && { ...progress, files } };
}
