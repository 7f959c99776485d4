/**
 * Asks a source's primary beside its stream: how much it has written, so that the lag is a true figure, and whether it still is a
 * primary. Where it may not be asked, the lag is what came and was not used.
 */
import type { Address } from "@larder/api";
import { parseInfo, RemoteClient, type RemoteLogin } from "../remote/remote-client.ts";
import { RemoteError, textOf } from "../remote/remote-reply.ts";
import { showAddress, sourceLost } from "../remote/remote-socket.ts";

export interface SourceSeen {
  /** Of its stream; null where it does not say. */
  offset: number | null;
  /** It follows somebody. */
  isReplica: boolean;
}

export class SourceWatch {
  readonly #login: RemoteLogin;
  readonly #signal: AbortSignal;
  #client: RemoteClient | null = null;
  #address: Address | null = null;

  constructor(login: RemoteLogin, signal: AbortSignal) {
    this.#login = login;
    this.#signal = signal;
  }

  /** Throws SourceLost. */
  async look(address: Address): Promise<SourceSeen> {
    const client = await this.#clientFor(address);
    const [reply] = await Promise.all(client.askEach([["INFO", "replication"]]));
    if (reply === undefined || reply instanceof RemoteError) return { offset: null, isReplica: false };
    return seenIn(parseInfo(textOf(reply)));
  }

  /**
   * Holds the writes of all its clients for so long at most, and says where its stream is then. Throws SourceLost, and
   * SourceRefused where the user may not.
   */
  async pause(address: Address, pauseMs: number): Promise<SourceSeen> {
    const client = await this.#clientFor(address);
    const isWriteOnly = await this.#tryPause(client, [String(pauseMs), "WRITE"]);
    // Before 6.2 a pause is of everything, questions too: both are asked in one step.
    if (isWriteOnly === null) return seenIn(parseInfo(await pauseAll(client, pauseMs)));
    return this.look(address);
  }

  /** Lets them go on. A source that cannot be reached does so by itself. */
  async release(address: Address): Promise<void> {
    const client = await this.#clientFor(address);
    const [reply] = await Promise.all(client.askEach([["CLIENT", "UNPAUSE"]]));
    if (reply instanceof RemoteError) await client.ask("CLIENT", "PAUSE", "0");
  }

  close(): void {
    this.#client?.close();
  }

  /** null: it knows no pause of writes only. */
  async #tryPause(client: RemoteClient, words: readonly string[]): Promise<true | null> {
    const [reply] = await Promise.all(client.askEach([["CLIENT", "PAUSE", ...words]]));
    if (!(reply instanceof RemoteError)) return true;
    if (reply.code === "ERR" && !reply.message.includes("unknown")) return null;
    throw sourceLost(`${this.#name} does not hold its clients' writes: ${reply.message}`);
  }

  get #name(): string {
    return this.#address === null ? "The source" : showAddress(this.#address);
  }

  async #clientFor(address: Address): Promise<RemoteClient> {
    const isSame = this.#address?.host === address.host && this.#address.port === address.port;
    if (this.#client !== null && !this.#client.isClosed && isSame) return this.#client;
    this.#client?.close();
    this.#address = address;
    this.#client = await RemoteClient.open(address, this.#login, this.#signal);
    return this.#client;
  }
}

async function pauseAll(client: RemoteClient, pauseMs: number): Promise<string> {
  const commands = [["MULTI"], ["CLIENT", "PAUSE", String(pauseMs)], ["INFO", "replication"], ["EXEC"]];
  const replies = await Promise.all(client.askEach(commands));
  const done = replies.at(-1);
  if (!Array.isArray(done) || done[0] instanceof RemoteError)
    throw sourceLost("The source does not hold its clients' writes.");
  return textOf(done[1]);
}

function seenIn(info: ReadonlyMap<string, string>): SourceSeen {
  const offset = Number(info.get("master_repl_offset"));
  return { offset: Number.isSafeInteger(offset) ? offset : null, isReplica: info.get("role") === "slave" };
}
