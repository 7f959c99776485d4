/**
 * Writes batches to a server that is not ours, each exactly once. With each goes a key of our own there, which says how far the
 * server has come: after a lost connection, or in another agent's life, that is asked first.
 *
 * A batch whose fate is unknown may still be on its way while it is sent again on another connection. So each is a transaction that
 * the server carries out only if our key was not written since the connection has looked at it (WATCH): the second of the two does
 * nothing. The look for the next batch goes with each, so that none costs a way there and back of its own.
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
/** A transaction that was called off though our key says what it said: so often in a row it is tried. */
const triesMax = 10;
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
  /** What our key said when the client looked at it; its next transaction depends on that. */
  #looked: { client: RemoteClient; place: TargetPlace | null } | null = null;
  /** How far the server is, as far as we know; undefined: it was not asked yet. */
  #at: number | null | undefined;

  constructor(options: TargetOptions) {
    this.#options = options;
    this.#markerKey = `larder:reverse:${options.migrationId}`;
  }

  /** How far it is; null where it has nothing of us. Throws SourceRefused. */
  place(): Promise<TargetPlace | null> {
    return this.#persist(async (client) => {
      const place = await this.#watchPlace(client);
      this.#at = place?.offset ?? null;
      return place;
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
    await this.#persist(async (client) => {
      for (let tries = 0; tries < triesMax; tries++) {
        const place = this.#looked?.client === client ? this.#looked.place : await this.#watchPlace(client);
        if (place?.offset === batch.end || (await this.#tryOnce(client, { batch, history, place }))) return;
      }
      throw this.#isOthers();
    });
    this.#at = batch.end;
  }

  close(): void {
    this.#client?.close();
  }

  /** False where our key was written since the look. */
  async #tryOnce(
    client: RemoteClient,
    { batch, history, place }: { batch: Batch; history: string; place: TargetPlace | null },
  ): Promise<boolean> {
    if (this.#at !== undefined && (place?.offset ?? null) !== this.#at) throw this.#isOthers();
    const marker = { key: this.#markerKey, history, ttlSeconds: markerSeconds };
    const replies = await client.askRaw(encodeBatch(batch, marker), batch.commands.length + 7);
    judge(replies.slice(0, -2), batch);
    this.#looked = { client, place: placeIn(replies.at(-1)) };
    return replies.at(-3) !== null;
  }

  async #watchPlace(client: RemoteClient): Promise<TargetPlace | null> {
    await client.ask("SELECT", "0");
    await client.ask("WATCH", this.#markerKey);
    const place = placeIn(await client.ask("GET", this.#markerKey));
    this.#looked = { client, place };
    return place;
  }

  #isOthers(): TransferError {
    return new TransferError(
      "Conflict",
      `Somebody else writes the key ${this.#markerKey} at the other server: nobody knows how far that is.`,
    );
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

function placeIn(reply: RemoteReply | undefined): TargetPlace | null {
  const [history = "", offset, database] = textOf(reply).split(" ");
  return history === "" ? null : { history, offset: Number(offset), database: Number(database) };
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
