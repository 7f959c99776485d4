/** Puts keys into an intake node as they are at a source: as payloads, or made anew where its engine cannot load them. */
import { parseDumpPayload, type RdbEntry } from "@larder/rdb";
import { connectToEngine } from "../engine-socket.ts";
import { KeyChoice } from "../key-choice.ts";
import { EngineWriter } from "../load/engine-writer.ts";
import { RdbLoader } from "../load/rdb-loader.ts";
import type { MigrateContext } from "../migrate/replicated-copy.ts";
import type { Progress } from "../progress.ts";
import { RemoteClient } from "../remote/remote-client.ts";
import type { TransferEngine } from "../transfer-engine.ts";
import type { ChangedKey } from "./changed-keys.ts";
import type { ReadKey } from "./key-reader.ts";

export interface NodeKeysContext extends Pick<MigrateContext, "clock" | "signal"> {
  spec: Pick<MigrateContext["spec"], "filter" | "transferId">;
  engine: Pick<TransferEngine, "socketPath" | "user" | "engine" | "databases">;
  progress: Pick<Progress, "bytes" | "addCaveat">;
}

export class NodeKeys {
  readonly #context: NodeKeysContext;
  readonly #writer: EngineWriter;
  readonly #loader: RdbLoader;
  /** For what the writer does not do: it keeps a database of its own. */
  readonly client: RemoteClient;

  private constructor(context: NodeKeysContext, writer: EngineWriter, client: RemoteClient) {
    const { spec, engine, progress } = context;
    this.#context = context;
    this.#writer = writer;
    this.client = client;
    this.#loader = new RdbLoader({
      engine,
      writer,
      choice: new KeyChoice(spec.filter),
      existing: "replace",
      isServing: false,
      temporaryKey: `larder:migrate:${spec.transferId}`,
      // A key that changes again is no other key.
      progress: { keys: 0, keysTotal: 0, keysSkipped: 0, addCaveat: (caveat) => progress.addCaveat(caveat) },
      // A key whose time is over is left to the engine: it takes the old one away with it.
      nowMs: () => 0,
    });
  }

  static async open(context: NodeKeysContext): Promise<NodeKeys> {
    const { engine, signal } = context;
    const writer = await EngineWriter.open(await connectToEngine(engine.socketPath, signal), engine.user);
    return new NodeKeys(context, writer, await RemoteClient.openLocal(engine.socketPath, engine.user));
  }

  /** Resolves when the node has them. What is gone at the source goes here too. */
  async put(keys: readonly ReadKey[]): Promise<void> {
    await this.remove(keys.filter(({ payload }) => payload === null));
    for (const key of keys) if (key.payload !== null) await this.#loader.take(this.#entryOf(key, key.payload));
    await this.#writer.settled();
  }

  async remove(keys: readonly ChangedKey[]): Promise<void> {
    for (const database of new Set(keys.map((key) => key.database))) {
      const names = keys.filter((key) => key.database === database).map(({ key }) => key);
      await this.client.ask("SELECT", String(database));
      await this.client.ask("DEL", ...names);
    }
  }

  /** Says what could not be brought over. */
  sayLosses(): Promise<void> {
    return this.#loader.end();
  }

  close(): void {
    this.#writer.close();
    this.client.close();
  }

  #entryOf({ database, key, ttlMs }: ReadKey, payload: Buffer): RdbEntry {
    const { clock } = this.#context;
    this.#context.progress.bytes += payload.length;
    const entry = parseDumpPayload(payload, { key, expiresAtMs: ttlMs === null ? null : clock.nowMs() + ttlMs });
    return Object.assign(entry, { database });
  }
}
