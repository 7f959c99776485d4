/** What the node says of itself while it is fed: how far it is, how many keys it has, whether they fit. By its Unix socket. */
import type { StreamPlace } from "@larder/api";
import { RemoteClient } from "../remote/remote-client.ts";
import { type RemoteReply, textOf } from "../remote/remote-reply.ts";
import type { TransferEngine } from "../transfer-engine.ts";
import { TransferError } from "../transfer-error.ts";
import { NodeCommands } from "./node-commands.ts";

export class NodeWatch {
  readonly #client: RemoteClient;
  /** Errors of commands of the stream before it began. */
  #refusedBefore: number | null = null;
  #sanitized = "no";

  private constructor(client: RemoteClient) {
    this.#client = client;
  }

  static async open({ socketPath, user }: TransferEngine): Promise<NodeWatch> {
    return new NodeWatch(await RemoteClient.openLocal(socketPath, user));
  }

  async commands(): Promise<NodeCommands> {
    return new NodeCommands(await this.#client.ask("COMMAND"));
  }

  /** Packed values are looked at as they are loaded: what a source sends is not trusted. False again when that is over. */
  async checkPayloads(isChecked: boolean): Promise<void> {
    const setting = "sanitize-dump-payload";
    if (isChecked) this.#sanitized = textOf(((await this.#client.ask("CONFIG", "GET", setting)) as RemoteReply[])[1]);
    await this.#client.ask("CONFIG", "SET", setting, isChecked ? "yes" : this.#sanitized);
  }

  /** Its backlog is not given up: the way back needs it. */
  async keepBacklog(): Promise<void> {
    await this.#client.ask("CONFIG", "SET", "repl-backlog-ttl", "0");
  }

  /** How much of the stream it has processed; of a primary, how much it has written. */
  async place(): Promise<StreamPlace> {
    const info = await this.#client.info("replication");
    const offset = info.get("slave_repl_offset") ?? info.get("master_repl_offset");
    return { history: info.get("master_replid") ?? "", offset: Number(offset) };
  }

  async keys(): Promise<number> {
    return countKeys(await this.#client.info("keyspace"));
  }

  /** Throws OutOfMemory: while it follows it takes everything, but it could not keep that when it leads. */
  async requireRoom(memoryBytesMax: number | null): Promise<void> {
    if (memoryBytesMax === null || memoryBytesMax === 0) return;
    const info = await this.#client.info("memory");
    const used = Number(info.get("used_memory")) - Number(info.get("mem_not_counted_for_evict") ?? 0);
    if (used <= memoryBytesMax) return;
    const [has, needs] = [memoryBytesMax, used].map((bytes) => `${Math.ceil(bytes / (1024 * 1024))} MiB`);
    throw new TransferError("OutOfMemory", `The source's data takes ${needs} or more, and the cache has ${has}.`);
  }

  /** Throws where the engine has refused a command of the stream: from there on it is not what the source is. */
  async requireNoneRefused(): Promise<void> {
    const refused = Number((await this.#client.info("stats")).get("unexpected_error_replies") ?? 0);
    this.#refusedBefore ??= refused;
    if (refused === this.#refusedBefore) return;
    throw new TransferError(
      "SourceRefused",
      `The cache's engine refused ${refused - this.#refusedBefore} commands of the source's stream. By the method "scan" it can be followed.`,
    );
  }

  close(): void {
    this.#client.close();
  }
}

/** Of all databases, from INFO keyspace: "db0:keys=5,expires=0,…". */
export function countKeys(info: ReadonlyMap<string, string>): number {
  return [...databasesOf(info).values()].reduce((sum, keys) => sum + keys, 0);
}

/** How many keys each database has that has any. */
export function databasesOf(info: ReadonlyMap<string, string>): Map<number, number> {
  const found = new Map<number, number>();
  for (const [name, value] of info) {
    const database = /^db(\d+)$/.exec(name)?.[1];
    const keys = /^keys=(\d+)/.exec(value)?.[1];
    if (database !== undefined && keys !== undefined) found.set(Number(database), Number(keys));
  }
  return found;
}
