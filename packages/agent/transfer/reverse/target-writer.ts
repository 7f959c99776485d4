/**
 * Writes batches to a server that is not ours, each exactly once. With each goes a key of our own there, which says how far the
 * server has come: after a lost connection, or in another agent's life, that is asked first.
 *
 * A batch whose fate is unknown may still be on its way while it is sent again on another connection. So each is a transaction that
 * the server carries out only if our key was not written since the connection has looked at it (WATCH): the second of the two does
 * nothing. The look for the next batch goes with each, so that none costs a way there and back of its own.
 */
import { RemoteClient } from "../remote/remote-client.ts";
import { findPrimaries } from "../remote/source-primaries.ts";
import { TransferError } from "../transfer-error.ts";
import { type Batch, encodeBatch } from "./batches.ts";
import {
  factsOf,
  judge,
  markerKeyOf,
  markerSeconds,
  placeIn,
  type Target,
  type TargetFacts,
  type TargetOptions,
  type TargetPlace,
  triesMax,
  whileReachable,
} from "./target.ts";

export class TargetWriter implements Target {
  readonly isCluster = false;
  readonly #options: TargetOptions;
  readonly #markerKey: string;
  #client: RemoteClient | null = null;
  /** What our key said when the client looked at it; its next transaction depends on that. */
  #looked: { client: RemoteClient; place: TargetPlace | null } | null = null;
  /** How far the server is, as far as we know; undefined: it was not asked yet. */
  #at: number | null | undefined;

  constructor(options: TargetOptions) {
    this.#options = options;
    this.#markerKey = markerKeyOf(options.migrationId);
  }

  /** How far it is; null where it has nothing of us. Throws SourceRefused. */
  place(): Promise<TargetPlace | null> {
    return this.#persist(async (client) => {
      const place = await this.#watchPlace(client);
      this.#at = place?.offset ?? null;
      return place;
    });
  }

  look(): Promise<TargetFacts> {
    return this.#persist(factsOf);
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
    judge(replies.slice(0, -2), batch.commands);
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

  #persist<T>(act: (client: RemoteClient) => Promise<T>): Promise<T> {
    return whileReachable(this.#options, async () => act(await this.#connected()));
  }

  async #connected(): Promise<RemoteClient> {
    if (this.#client !== null && !this.#client.isClosed) return this.#client;
    const { target, signal } = this.#options;
    const { primaries, topology } = await findPrimaries(target, signal);
    const [primary] = primaries;
    if (topology === "cluster" || primary === undefined)
      throw new TransferError("Conflict", "The other server has become a cluster: begin the way back anew.");
    this.#client = await RemoteClient.open(primary.address, target, signal);
    return this.#client;
  }
}
