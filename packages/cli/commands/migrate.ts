/** `larder migrate URL --to NAME`, and what may be asked of a migration: the data of another server comes into a cache, while both serve. */
import { readFileSync } from "node:fs";
import type { StorageLocation } from "@larder/api/storage-location";
import { findCache } from "../cache-lookup.ts";
import { openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";
import { openServer, type ServerOptions } from "../other-server.ts";
import { isServerArgument } from "../server-argument.ts";
import { expandArguments, hasTypedSecret, parseStorageArgument } from "../storage-argument.ts";
import { filterOf, seeThrough, type TransferOptions, warnOfSecret } from "../transfer-command.ts";

export interface MigrateOptions extends TransferOptions, ServerOptions {
  to: string;
  cutOver?: "auto" | "manual";
  method?: "auto" | "replication" | "scan";
  pauseSource?: boolean;
  pace?: "auto" | "full" | number;
}

export interface VerifyOptions extends TransferOptions, ServerOptions {
  sample?: number;
}

export async function migrate(source: string, options: MigrateOptions): Promise<void> {
  const context = openContext(options);
  const { client } = context;
  const { server, database } = await openServer(source, options, context);
  const { at } = await findCache(client, options.to, options.resourceGroup);
  const filter = filterOf(options);
  if (database !== null && filter.databases.length === 0) filter.databases = [database];
  const body = {
    source: server,
    filter,
    method: options.method ?? "auto",
    cutOver: options.cutOver ?? "auto",
    pauseSource: options.pauseSource ?? false,
    pace: options.pace ?? "auto",
  };
  await seeThrough(context, {
    at,
    begin: () => client.beginTransfer(at, "migrate", body),
    options,
    next: nextSteps(options.to),
  });
}

function nextSteps(name: string): string {
  return `
${name} has the data. Next:
  larder connect ${name}            how applications connect: point them there
  larder migrate verify ${name} …   compares it with the old server
  larder migrate reverse ${name} …  writes what changes from here on back to the old server
`;
}

export async function verify(name: string, other: string, options: VerifyOptions): Promise<void> {
  const context = openContext(options);
  const { client } = context;
  const { at } = await findCache(client, name, options.resourceGroup);
  if (hasTypedSecret([other])) warnOfSecret(context);
  const compared = isServerArgument(other) ? (await openServer(other, options, context)).server : fileOf(other);
  const body = { with: compared, sample: options.sample ?? null, filter: filterOf(options) };
  await seeThrough(context, { at, begin: () => client.beginTransfer(at, "compare", body), options });
}

export async function reverse(name: string, other: string, options: TransferOptions & ServerOptions): Promise<void> {
  const context = openContext(options);
  const { client } = context;
  const { at } = await findCache(client, name, options.resourceGroup);
  const { server } = await openServer(other, options, context);
  const body = { target: server, filter: filterOf(options) };
  await seeThrough(context, { at, begin: () => client.beginTransfer(at, "reverse", body), options });
}

function fileOf(text: string): StorageLocation {
  const [typed = "", ...more] = expandArguments([text], (file) => readFileSync(file, "utf8"));
  const argument = parseStorageArgument(typed, process.env);
  if (argument.kind === "location" && more.length === 0) return argument.location;
  throw new CommandError(
    "InvalidParameter",
    "A cache is compared with a server or with one file, by its URL.",
    "give a URL of redis, file, https, azure or s3",
  );
}
