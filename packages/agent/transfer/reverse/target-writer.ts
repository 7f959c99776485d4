/**
 * Writes batches to a server that is not ours, each exactly once. With each goes a key of our own there, which says how far the
 * server has come: after a lost connection, or in another agent's life, that is asked first.
 */
import type { RemoteServer, StreamPlace } from "@larder/api";
import { backoffMs, type Clock, type Randomness } from "@larder/service";
import { migrationLimits } from "../migrate/migration-limits.ts";
import { NodeCommands } from "../migrate/node-commands.ts";
import { RemoteClient } from "../remote/remote-client.ts";
import { RemoteError, type RemoteReply, textOf } from "../remote/remote-reply.ts";
import { isLost, sourceRefused } from "../remote/remote-socket.ts";
import { findPrimaries } from "../remote/source-primaries.ts";
import { TransferError } from "../transfer-error.ts";
import { type Batch, encodeBatch } from "./batches.ts";

/** Longer than anybody keeps a way back open. */
const markerSeconds = 30 * 24 * 3_600;
const reconnectBackoff = { firstMs: 100, maxMs: 5_000 };

export interface TargetPlace extends StreamPlace {
  /** Which is selected there in the stream. */
  database: number;
}

export interface TargetOptions {
  target: RemoteServer;
  /** Names our key there. */
  migrationId: string;
  clock: Clock;
  randomness: Randomness;
  signal: AbortSignal;
  /** Why it cannot be written to just now; null: it can. */
  onTrouble: (trouble: string | null) => void;
}

export class TargetWriter {
  readonly #options: TargetOptions;
  readonly #markerKey: string;
  #client: RemoteClient | null = null;

  constructor(options: TargetOptions) {
    this.#options = options;
    this.#markerKey = `larder:reverse:${options.migrationId}`;
  }

  /** How far it is; null where it has nothing of us. Throws SourceRefused. */
  place(): Promise<TargetPlace | null> {
    return this.#persist(async (client) => {
      await client.ask("SELECT", "0");
      const [history = "", offset, database] = textOf(await client.ask("GET", this.#markerKey)).split(" ");
      return history === "" ? null : { history, offset: Number(offset), database: Number(database) };
    });
  }

  /** What it knows, and which release it is. */
  look(): Promise<{ commands: NodeCommands; version: string }> {
    return this.#persist(async (client) => {
      const info = await client.info("server");
      return { commands: new NodeCommands(await client.ask("COMMAND")), version: info.get("redis_version") ?? "0" };
    });
  }

  /** Resolves when it is done there, once. Throws SourceRefused where something of it was refused. */
  async apply(batch: Batch, history: string): Promise<void> {
    let isRetry = false;
    await this.#persist(async (client) => {
      if (isRetry && (await this.#offsetAt(client)) >= batch.end) return;
      isRetry = true;
      const marker = { key: this.#markerKey, history, ttlSeconds: markerSeconds };
      judge(await client.askRaw(encodeBatch(batch, marker), batch.commands.length + 5), batch);
    });
  }

  close(): void {
    this.#client?.close();
  }

  async #offsetAt(client: RemoteClient): Promise<number> {
    await client.ask("SELECT", "0");
    return Number(textOf(await client.ask("GET", this.#markerKey)).split(" ")[1] ?? 0);
  }

  /** Again and again while it cannot be reached, as long as there is patience. */
  async #persist<T>(act: (client: RemoteClient) => Promise<T>): Promise<T> {
    const { clock, randomness, signal, onTrouble } = this.#options;
    const beganMs = clock.monotonicMs();
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        const result = await act(await this.#connected());
        onTrouble(null);
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (!isLost(error) || clock.monotonicMs() - beganMs > migrationLimits.sourceAwayMsMax) throw error;
        onTrouble((error as Error).message);
        await clock.sleep(backoffMs(attempt, reconnectBackoff, randomness), signal);
      }
    }
  }

  async #connected(): Promise<RemoteClient> {
    if (this.#client !== null && !this.#client.isClosed) return this.#client;
    const { target, signal } = this.#options;
    const { primaries, topology } = await findPrimaries(target, signal);
    const [primary] = primaries;
    if (topology === "cluster" || primary === undefined)
      throw new TransferError(
        "NotSupported",
        "The way back into a cluster is not built: migrate it there with its own tools.",
      );
    this.#client = await RemoteClient.open(primary.address, target, signal);
    return this.#client;
  }
}

/** The replies to a batch: the last one has those to its commands. */
function judge(replies: readonly RemoteReply[], batch: Batch): void {
  const early = replies.slice(0, -1).find((reply) => reply instanceof RemoteError);
  const done = replies.at(-1);
  const late = Array.isArray(done) ? done.find((reply) => reply instanceof RemoteError) : done;
  const refusal = early ?? late;
  if (!(refusal instanceof RemoteError)) return;
  const at = Array.isArray(done) ? done.indexOf(refusal) : replies.indexOf(refusal) - 1;
  const name = batch.commands[at - 1]?.[0]?.toString("latin1").toUpperCase() ?? "a command";
  throw sourceRefused(`The other server refused ${name} of the cache's stream: ${refusal.message}`);
}
