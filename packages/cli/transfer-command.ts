/** What the commands that move data have in common: filters, and staying with a transfer until it is over. */
import { type ErrorCode, errorTable, LarderError } from "@larder/api/errors";
import type { CacheAddress } from "@larder/api/rest-calls";
import type { TransferResource } from "@larder/api/transfer-resource";
import type { CommandContext, CommonOptions } from "./command-context.ts";
import { differText, formatOutcome, isOver } from "./transfer-view.ts";
import { watchTransfer } from "./transfer-watch.ts";

export interface FilterOptions {
  prefix?: string[];
  type?: string[];
  database?: number[];
}

export interface TransferOptions extends CommonOptions, FilterOptions {
  resourceGroup?: string;
  /** false: returns once it has begun. */
  wait: boolean;
}

export interface SeenThrough {
  at: CacheAddress;
  /** Returns the transfer's id. */
  begin(): Promise<string>;
  options: Pick<TransferOptions, "wait">;
  /** What is left to do where it succeeded. Returns what it has come to. */
  done?(transfer: TransferResource): Promise<TransferResource>;
  /** What its owner does next, where it succeeded. */
  next?: string;
}

export function filterOf({ prefix, type, database }: FilterOptions) {
  return { prefixes: prefix ?? [], types: type ?? [], databases: database ?? [] };
}

export function warnOfSecret({ terminal }: Pick<CommandContext, "terminal">): void {
  const note = "others on this machine can read the signature in the command; @FILE or - keeps it to you";
  terminal.err(`${terminal.errColors.yellow("note:")} ${note}\n`);
}

/** Throws what made it fail. Ctrl-C cancels it. */
export async function seeThrough(
  context: CommandContext,
  { at, begin, options, done, next }: SeenThrough,
): Promise<void> {
  const { client, print } = context;
  const id = await begin();
  if (!options.wait) {
    const begun = await client.getTransfer(at, id);
    return print(begun, () => `Begun: ${id}. \`larder transfer watch ${at.name} ${id}\` shows how far it is.\n`);
  }
  const transfer = await watchTransfer(context, { at, id, onInterrupt: "cancel" });
  const hasSucceeded = transfer.status === "succeeded";
  showEnd(context, at.name, (hasSucceeded && (await done?.(transfer))) || transfer);
  refuseDifferences(transfer);
  if (hasSucceeded && next !== undefined) context.terminal.err(next);
}

/** Prints the outcome of one that is over. Throws where it failed. */
export function showEnd({ print, terminal }: CommandContext, cache: string, transfer: TransferResource): void {
  if (transfer.status === "succeeded" || !isOver(transfer)) {
    print(transfer, () => (isOver(transfer) ? formatOutcome(transfer, cache, terminal.colors) : ""));
    return;
  }
  print(transfer, () => "");
  throw failureOf(transfer);
}

/** A comparison that found some came to its end, but whoever asks in a script wants to know. */
function refuseDifferences({ progress }: TransferResource): void {
  const differing = progress?.differences?.count ?? 0;
  if (differing > 0)
    throw new LarderError(
      "DataDiffers",
      `The cache is not the same as what it was compared with: ${differText(differing)}.`,
    );
}

function failureOf({ kind, mode, status, error }: TransferResource): LarderError {
  const left = mode === "merge" ? "what was imported by then stays" : "nothing was changed";
  if (status === "cancelled") return new LarderError("TransferCancelled", `The ${kind} was cancelled; ${left}.`);
  const code = error !== null && error.code in errorTable ? (error.code as ErrorCode) : "TransferFailed";
  return new LarderError(code, error?.message ?? `The ${kind} failed.`);
}
