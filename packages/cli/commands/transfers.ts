/** `larder transfers NAME` and `larder transfer …`: what goes into a cache and comes out of it. */
import { LarderError } from "@larder/api/errors";
import type { ManagementClient } from "@larder/api/management-client";
import type { CacheAddress } from "@larder/api/rest-calls";
import type { TransferResource } from "@larder/api/transfer-resource";
import { findCache } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";
import { showEnd } from "../transfer-command.ts";
import { formatOutcome, formatTransfers, isOver, phaseOf } from "../transfer-view.ts";
import { watchTransfer } from "../transfer-watch.ts";

interface TransfersOptions extends CommonOptions {
  resourceGroup?: string;
}

export type Wish = "cancel" | "pause" | "resume" | "cutover";

const wishTexts: Record<Wish, string> = {
  cancel: "Cancelled",
  pause: "Paused",
  resume: "Goes on",
  cutover: "Takes over as soon as nothing is left to copy",
};

export async function listTransfers(name: string, options: TransfersOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { at } = await findCache(client, name, options.resourceGroup);
  const transfers = (await client.listTransfers(at)).toReversed();
  print(transfers, () => formatTransfers(transfers, terminal.colors));
}

export async function showTransfer(name: string, id: string | undefined, options: TransfersOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { at } = await findCache(client, name, options.resourceGroup);
  const transfer = await (id === undefined ? latest(client, at) : find(client, at, id));
  print(transfer, () =>
    isOver(transfer)
      ? formatOutcome(transfer, at.name, terminal.colors)
      : `${formatTransfers([transfer], terminal.colors)}  ${phaseOf(transfer)}\n`,
  );
}

export async function watch(name: string, id: string | undefined, options: TransfersOptions): Promise<void> {
  const context = openContext(options);
  const { client } = context;
  const { at } = await findCache(client, name, options.resourceGroup);
  const transfer = await named(client, at, id);
  showEnd(context, at.name, await watchTransfer(context, { at, id: transfer.id, onInterrupt: "leave" }));
}

export async function askTransfer(wish: Wish, name: string, id: string | undefined, options: TransfersOptions) {
  const { client, print, terminal } = openContext(options);
  const { at } = await findCache(client, name, options.resourceGroup);
  const { id: found } = await named(client, at, id);
  const transfer = await client.askTransfer(at, found, wish);
  print(transfer, () => `${terminal.colors.green(wishTexts[wish])}: ${found}\n`);
}

/** The one that is named; without a name the only one that is under way. Throws ResourceNotFound or InvalidParameter. */
async function named(client: ManagementClient, at: CacheAddress, id: string | undefined): Promise<TransferResource> {
  if (id !== undefined) return find(client, at, id);
  const [transfer, ...others] = (await client.listTransfers(at)).filter((one) => !isOver(one));
  if (transfer === undefined) throw new LarderError("InvalidParameter", `Nothing is being moved for ${at.name}.`);
  if (others.length === 0) return transfer;
  const ids = [transfer, ...others].map((one) => one.id).join(", ");
  throw new LarderError("InvalidParameter", `${at.name} has several: say which one of ${ids}.`);
}

/** What is under way rather than what is over, and of these the newest. */
async function latest(client: ManagementClient, at: CacheAddress): Promise<TransferResource> {
  const transfers = await client.listTransfers(at);
  const transfer = transfers.find((one) => !isOver(one)) ?? transfers[0];
  if (transfer === undefined) throw new LarderError("InvalidParameter", `Nothing was moved for ${at.name} yet.`);
  return transfer;
}

async function find(client: ManagementClient, at: CacheAddress, id: string): Promise<TransferResource> {
  try {
    return await client.getTransfer(at, id);
  } catch (error) {
    if (!(error instanceof LarderError) || error.code !== "ResourceNotFound") throw error;
    throw new CommandError(error.code, error.message, `\`larder transfers ${at.name}\` lists those that there are`);
  }
}
