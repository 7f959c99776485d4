/**
 * Stays with a transfer until it is over, and shows how far it is: a bar that is drawn anew in a terminal, a line now and then
 * elsewhere, both on standard error.
 *
 * Ctrl-C either leaves it alone or cancels it, which is said on the screen. Where it is too late to cancel its end is
 * waited for, which is near.
 */
import { LarderError } from "@larder/api/errors";
import type { ManagementClient } from "@larder/api/management-client";
import type { CacheAddress } from "@larder/api/rest-calls";
import type { TransferResource } from "@larder/api/transfer-resource";
import type { Clock } from "./clock.ts";
import type { Terminal } from "./terminal.ts";
import { formatBar, formatFigures, isOver, phaseOf, type Rate, shareDone, transferTitle } from "./transfer-view.ts";

export interface Watched {
  at: CacheAddress;
  id: string;
  onInterrupt: "cancel" | "leave";
}

interface WatchContext {
  client: ManagementClient;
  clock: Clock;
  terminal: Terminal;
}

/** Whoever ends the command wants what Ctrl-C wants: nothing that is its own stays behind. */
const interrupts = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const lookEveryMs = 250;
/** A controller that is started anew answers again before that: the transfer goes on meanwhile. */
const awayMsMax = 30_000;
const lineEveryMs = 5_000;
/** Over which the rate is taken. */
const rateOverMs = 5_000;
const clearLine = "\r\x1b[2K";
const lineUp = "\x1b[1A";

/** Resolves with the transfer when it is over; with one that is not where somebody left. */
export async function watchTransfer(context: WatchContext, watched: Watched): Promise<TransferResource> {
  const { client, clock, terminal } = context;
  const view = terminal.isErrTerminal ? new LiveView(terminal, watched) : new PlainView(terminal, clock, watched);
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
  };
  for (const signal of interrupts) process.on(signal, interrupt);
  const pace = new Pace();
  try {
    for (let isCancelling = false; ; await clock.sleep(lookEveryMs)) {
      const transfer = await lookPatiently(context, watched, () => isInterrupted);
      view.show(transfer, pace.rate(transfer, clock.monotonicMs()));
      if (isOver(transfer) || (isInterrupted && watched.onInterrupt === "leave")) return transfer;
      if (!isInterrupted || isCancelling) continue;
      isCancelling = true;
      await cancelIfPossible(client, watched);
    }
  } finally {
    for (const signal of interrupts) process.off(signal, interrupt);
    view.end();
  }
}

async function lookPatiently(
  { client, clock }: Pick<WatchContext, "client" | "clock">,
  { at, id }: Watched,
  isInterrupted: () => boolean,
): Promise<TransferResource> {
  for (const untilMs = clock.monotonicMs() + awayMsMax; ; await clock.sleep(lookEveryMs)) {
    try {
      return await client.getTransfer(at, id);
    } catch (error) {
      const isAway = error instanceof LarderError && error.code === "NotRunning";
      if (!isAway || isInterrupted() || clock.monotonicMs() >= untilMs) throw error;
    }
  }
}

/** Its end is near where that is refused. */
async function cancelIfPossible(client: ManagementClient, { at, id }: Watched): Promise<void> {
  try {
    await client.askTransfer(at, id, "cancel");
  } catch (error) {
    if (!(error instanceof LarderError) || error.code !== "Conflict") throw error;
  }
}

/** Of the last seconds. */
class Pace {
  #looks: { atMs: number; keys: number; bytes: number }[] = [];

  rate({ progress, status }: TransferResource, atMs: number): Rate {
    const { keys, bytes } = progress ?? { keys: 0, bytes: 0 };
    if (keys < (this.#looks.at(-1)?.keys ?? 0)) this.#looks = [];
    this.#looks.push({ atMs, keys, bytes });
    while (this.#looks.length > 2 && atMs - (this.#looks[0]?.atMs ?? atMs) > rateOverMs) this.#looks.shift();
    const first = this.#looks[0];
    const seconds = (atMs - (first?.atMs ?? atMs)) / 1_000;
    if (first === undefined || seconds < 1 || status !== "running")
      return { keysPerSecond: null, bytesPerSecond: null };
    return { keysPerSecond: (keys - first.keys) / seconds, bytesPerSecond: (bytes - first.bytes) / seconds };
  }
}

class LiveView {
  readonly #terminal: Terminal;
  readonly #watched: Watched;
  #lines = 0;

  constructor(terminal: Terminal, watched: Watched) {
    this.#terminal = terminal;
    this.#watched = watched;
  }

  show(transfer: TransferResource, rate: Rate): void {
    const { errColors: colors, columns } = this.#terminal;
    const cut = (line: string) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line);
    const bar = formatBar(shareDone(transfer), colors);
    // The bar has 24 cells and two spaces.
    const figures = cut(`${" ".repeat(26)}${formatFigures(transfer, rate)}`).slice(26);
    const lines = [
      colors.bold(cut(transferTitle(transfer, this.#watched.at.name))),
      `${bar}  ${figures}`,
      colors.dim(cut(phaseOf(transfer))),
      colors.dim(cut(hintOf(this.#watched, transfer))),
    ];
    this.#terminal.err(`${this.#erased()}${lines.join("\n")}\n`);
    this.#lines = lines.length;
  }

  end(): void {
    this.#terminal.err(this.#erased());
    this.#lines = 0;
  }

  #erased(): string {
    return `${lineUp}${clearLine}`.repeat(this.#lines);
  }
}

class PlainView {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #watched: Watched;
  #shown = { phase: "", atMs: Number.NEGATIVE_INFINITY };

  constructor(terminal: Terminal, clock: Clock, watched: Watched) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#watched = watched;
  }

  show(transfer: TransferResource, rate: Rate): void {
    const atMs = this.#clock.monotonicMs();
    const phase = phaseOf(transfer);
    if (isOver(transfer) || (phase === this.#shown.phase && atMs - this.#shown.atMs < lineEveryMs)) return;
    this.#shown = { phase, atMs };
    const title = transferTitle(transfer, this.#watched.at.name);
    this.#terminal.err(`${[title, phase, formatFigures(transfer, rate)].filter((part) => part !== "").join(": ")}\n`);
  }

  end(): void {}
}

function hintOf({ onInterrupt }: Watched, { id, status }: TransferResource): string {
  if (onInterrupt === "leave") return `Ctrl-C leaves it alone; it is ${id}.`;
  return status === "cuttingOver" ? `It is too late to cancel ${id}.` : `Ctrl-C cancels it; it is ${id}.`;
}
