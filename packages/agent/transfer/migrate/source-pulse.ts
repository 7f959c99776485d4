/**
 * Asks a source how soon it answers, all the time while it is copied, and lets the copy's pace follow that. What it takes without a
 * copy is asked before the first byte is copied. A source that cannot be asked is copied at the pace's first rate.
 */
import type { Address, RemoteServer } from "@larder/api";
import type { Clock } from "@larder/service";
import { RemoteClient } from "../remote/remote-client.ts";
import type { CopyPace } from "./copy-pace.ts";

const askEveryMs = 100;
/** Before the copy. */
const firstAsks = 10;
const firstAskEveryMs = 10;

export interface SourcePulseOptions {
  source: RemoteServer;
  pace: CopyPace;
  clock: Clock;
  signal: AbortSignal;
}

export class SourcePulse {
  readonly #options: SourcePulseOptions;
  readonly #client: RemoteClient;
  readonly #usualMs: number;

  private constructor(options: SourcePulseOptions, client: RemoteClient, usualMs: number) {
    this.#options = options;
    this.#client = client;
    this.#usualMs = usualMs;
  }

  /** null where the pace does not want to know, or the source does not answer. Resolves when it is known what is usual. */
  static async begin(options: SourcePulseOptions, address: Address): Promise<SourcePulse | null> {
    if (!options.pace.isAdaptive) return null;
    const { clock, signal, source } = options;
    let client: RemoteClient | null = null;
    try {
      client = await RemoteClient.open(address, source, signal);
      const tookMs: number[] = [];
      for (let count = 0; count < firstAsks; count++) {
        tookMs.push(await askedMs(client, clock));
        await clock.sleep(firstAskEveryMs, signal);
      }
      const usualMs = tookMs.sort((a, b) => a - b)[Math.floor(firstAsks / 2)] ?? 0;
      return new SourcePulse(options, client, usualMs);
    } catch {
      client?.close();
      return null;
    }
  }

  /** Ends when it is closed, or can ask no longer. */
  async run(): Promise<void> {
    const { clock, pace, signal } = this.#options;
    try {
      while (!signal.aborted && !this.#client.isClosed) {
        pace.answered(await askedMs(this.#client, clock), this.#usualMs);
        await clock.sleep(askEveryMs, signal);
      }
    } catch {
      // The copy has a connection of its own, which says what is wrong.
    }
  }

  close(): void {
    this.#client.close();
  }
}

/** An error is an answer, too. */
async function askedMs(client: RemoteClient, clock: Clock): Promise<number> {
  const beganMs = clock.monotonicMs();
  await Promise.all(client.askEach([["PING"]]));
  return clock.monotonicMs() - beganMs;
}
