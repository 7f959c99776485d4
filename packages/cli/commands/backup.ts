/** `larder backup …`: schedules, makes, lists, restores, verifies and deletes backups. */
import { readFileSync } from "node:fs";
import type { BackupResource } from "@larder/api/backup-resource";
import { LarderError } from "@larder/api/errors";
import type { ManagementClient } from "@larder/api/management-client";
import { isSameName } from "@larder/api/names";
import type { CacheAddress } from "@larder/api/rest-calls";
import type { StorageLocation } from "@larder/api/storage-location";
import type { TransferResource } from "@larder/api/transfer-resource";
import { chosenBackup, parseEvery } from "../backup-arguments.ts";
import { formatBackups, formatFound, formatPolicy } from "../backup-view.ts";
import { findCache, listCaches } from "../cache-lookup.ts";
import type { AnyCache } from "../caches/any-cache.ts";
import { kindOf, providerOfSize } from "../caches/cache-kinds.ts";
import { sizeWishes } from "../caches/cache-wishes.ts";
import { type CommandContext, type CommonOptions, openContext } from "../command-context.ts";
import { isAgreed } from "../consent.ts";
import { CommandError } from "../failure.ts";
import { hasTypedSecret, hostsLocation } from "../storage-argument.ts";
import { seeThrough, warnOfSecret } from "../transfer-command.ts";

/** A backup that can be restored. */
interface Restorable {
  chosen: string;
  /** Of the cache that it was made of. */
  sku: AnyCache["sku"] | undefined;
  resourceGroup: string;
  /** undefined: nobody knows whether that is there yet. */
  source: CacheAddress | undefined;
}

interface BackupOptions extends CommonOptions {
  resourceGroup?: string;
}

interface WaitingOptions extends BackupOptions {
  wait: boolean;
}

export interface ScheduleOptions extends BackupOptions {
  to?: string;
  every?: string;
  at?: string;
  keep?: number;
  keepDays?: number;
  off?: boolean;
}

const lookEveryMs = 100;

export async function scheduleBackups(name: string, options: ScheduleOptions): Promise<void> {
  const context = openContext(options);
  const { client, print, terminal } = context;
  const { at } = await findCache(client, name, options.resourceGroup);
  if (options.off) await client.backups.setPolicy(at, null);
  else if (options.to !== undefined) await client.backups.setPolicy(at, scheduleOf(options, options.to, context));
  else if (options.every !== undefined || options.keep !== undefined || options.keepDays !== undefined)
    throw new CommandError(
      "InvalidParameter",
      "--to is missing: where backups go.",
      "the credentials are not kept here",
    );
  const policy = await client.backups.policy(at);
  print(policy, () => formatPolicy(policy, at.name, terminal.colors));
}

export async function backupNow(name: string, options: WaitingOptions & { to?: string }): Promise<void> {
  const context = openContext(options);
  const { client, clock } = context;
  const { at } = await findCache(client, name, options.resourceGroup);
  const to = options.to === undefined ? undefined : locationOf(options.to, context);
  let made = "";
  const begin = async () => {
    const backup = await client.backups.make(at, to);
    made = backup.name;
    return backup.transfer ?? "";
  };
  const done = async (transfer: TransferResource) => {
    while ((await client.backups.get(at, made)).state === "making") await clock.sleep(lookEveryMs);
    return transfer;
  };
  await seeThrough(context, { at, begin, options, done });
}

export async function listBackups(name: string | undefined, options: BackupOptions & { from?: string }): Promise<void> {
  const context = openContext(options);
  const { client, print, terminal } = context;
  if (options.from !== undefined) {
    const found = await client.backups.findIn(locationOf(options.from, context), name);
    return print(found, () => formatFound(found, terminal.colors));
  }
  if (name === undefined)
    throw new CommandError("InvalidParameter", "Which cache's?", "give its name, or a storage by --from");
  const { at } = await findCache(client, name, options.resourceGroup);
  const backups = await client.backups.list(at);
  print(backups, () => formatBackups(backups, terminal.colors));
}

export async function restoreBackup(
  name: string,
  backup: string,
  options: WaitingOptions & { to?: string; from?: string },
): Promise<void> {
  const context = openContext(options);
  const { client } = context;
  const from = options.from === undefined ? undefined : locationOf(options.from, context);
  const { chosen, sku, resourceGroup, source } = await restorable(context, name, backup, { ...options, from });
  const at = await ensureCache(context, { resourceGroup, name: options.to ?? name }, sku);
  const body = { target: at.name, ...(from === undefined ? {} : { from }) };
  await seeThrough(context, {
    at,
    begin: () => client.backups.ask(source ?? { ...at, name }, chosen, "restore", body),
    options,
  });
}

export async function verifyBackup(name: string, backup: string, options: WaitingOptions): Promise<void> {
  const context = openContext(options);
  const { client } = context;
  const { at } = await findCache(client, name, options.resourceGroup);
  const chosen = chosenBackup(backup, madeNames(await client.backups.list(at)));
  await seeThrough(context, { at, begin: () => client.backups.ask(at, chosen, "verify"), options });
}

export async function deleteBackup(
  name: string,
  backup: string,
  options: BackupOptions & { yes?: boolean },
): Promise<void> {
  const { client, clock, during, print, terminal } = openContext(options);
  const { at } = await findCache(client, name, options.resourceGroup);
  const chosen = chosenBackup(
    backup,
    (await client.backups.list(at)).map((one) => one.name),
  );
  const question = `Delete the backup ${chosen} of ${at.name}, and its files?`;
  if (!options.yes && !(await isAgreed({ doing: "Deleting a backup", question }, terminal))) return;
  await client.backups.remove(at, chosen);
  await during(`Deleting ${chosen}`, async () => {
    for (let left = await find(client, at, chosen); left !== undefined; left = await find(client, at, chosen)) {
      if (left.error !== null) throw new LarderError("StorageFailed", `${left.error.message} It is tried again.`);
      await clock.sleep(lookEveryMs);
    }
  });
  print({ name: chosen }, () => `${terminal.colors.green("Deleted")}: ${chosen}\n`);
}

function scheduleOf({ every, at, keep, keepDays }: ScheduleOptions, to: string, context: CommandContext): object {
  return {
    location: locationOf(to, context),
    everyMinutes: parseEvery(every ?? "1d"),
    startAt: at ?? null,
    ...(keep === undefined ? {} : { keep }),
    keepDays: keepDays ?? null,
  };
}

function locationOf(typed: string, context: CommandContext): StorageLocation {
  if (hasTypedSecret([typed])) warnOfSecret(context);
  return hostsLocation(typed, { read: (file) => readFileSync(file, "utf8"), environment: process.env });
}

async function restorable(
  { client }: CommandContext,
  name: string,
  backup: string,
  { from, resourceGroup = "default" }: { from: StorageLocation | undefined; resourceGroup?: string },
): Promise<Restorable> {
  if (from !== undefined) {
    const found = (await client.backups.findIn(from, name)).map(({ manifest }) => manifest);
    const chosen = chosenBackup(
      backup,
      found.map((manifest) => manifest.name),
    );
    return { chosen, sku: found.find((manifest) => manifest.name === chosen)?.sku, resourceGroup, source: undefined };
  }
  const { at, cache } = await findCache(client, name);
  const chosen = chosenBackup(backup, madeNames(await client.backups.list(at)));
  return { chosen, sku: cache.sku, resourceGroup: at.resourceGroup, source: at };
}

/** One of the size of the backup's, where there is none of the name. */
async function ensureCache(
  { client, during }: CommandContext,
  at: CacheAddress,
  sku: AnyCache["sku"] | undefined,
): Promise<CacheAddress> {
  const isThere = (await listCaches(client)).some(({ name }) => isSameName(name, at.name));
  if (isThere || sku === undefined) return (await findCache(client, at.name)).at;
  const wishes = sizeWishes(sku);
  const wanted = { ...at, provider: providerOfSize(wishes.sku) };
  await during(`Creating ${at.name}`, () => kindOf(wanted).create(client, wanted, { location: "local", ...wishes }));
  return wanted;
}

function madeNames(backups: readonly BackupResource[]): string[] {
  return backups.filter(({ state }) => state === "made").map(({ name }) => name);
}

async function find(client: ManagementClient, at: CacheAddress, name: string): Promise<BackupResource | undefined> {
  return (await client.backups.list(at)).find((one) => one.name === name);
}
