/** `larder transfers NAME` and `larder transfer …`: what goes into a cache and comes out of it. */
import { LarderError } from "@larder/api/errors";
import type { ManagementClient } from "@larder/api/management-client";
import type { CacheAddress } from "@larder/api/rest-calls";
import type { TransferResource } from "@larder/api/transfer-resource";
import { findCache } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
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
  const transfer = await named(client, at, id, () => true);
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
  const transfer = await named(client, at, id, (one) => !isOver(one));
  showEnd(context, at.name, await watchTransfer(context, { at, id: transfer.id, onInterrupt: "leave" }));
}

export async function askTransfer(wish: Wish, name: string, id: string | undefined, options: TransfersOptions) {
  const { client, print, terminal } = openContext(options);
  const { at } = await findCache(client, name, options.resourceGroup);
  const { id: found } = await named(client, at, id, (one) => !isOver(one));
  const transfer = await client.askTransfer(at, found, wish);
  print(transfer, () => `${terminal.colors.green(wishTexts[wish])}: ${found}\n`);
}

/** The one that is named; without a name the only one that it can be. Throws ResourceNotFound or InvalidParameter. */
async function named(
  client: ManagementClient,
  at: CacheAddress,
  id: string | undefined,
  isMeant: (transfer: TransferResource) => boolean,
): Promise<TransferResource> {
  if (id !== undefined) return client.getTransfer(at, id);
  const [transfer, ...others] = (await client.listTransfers(at)).filter(isMeant);
  if (transfer === undefined) throw new LarderError("InvalidParameter", `Nothing is being moved for ${at.name}.`);
  if (others.length === 0) return transfer;
  const ids = [transfer, ...others].map((one) => one.id).join(", ");
  throw new LarderError("InvalidParameter", `${at.name} has several: say which one of ${ids}.`);
}
