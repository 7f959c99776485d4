/**
 * What a server tells of keys that change: its keyspace notifications. It tells of them once, to who listens then. When the connection
 * is lost, so is what was told meanwhile.
 *
 * FLUSHALL, FLUSHDB and SWAPDB are not told of.
 */
import type { Address } from "@larder/api";
import type { Clock } from "@larder/service";
import { RemoteClient, type RemoteLogin } from "../remote/remote-client.ts";
import { RemoteError, type RemoteReply, textOf } from "../remote/remote-reply.ts";
import { showAddress, sourceLost, sourceRefused } from "../remote/remote-socket.ts";
import type { ChangedKey } from "./changed-keys.ts";

/** By the name of the event, of every kind. */
const wanted = "EA";
const pattern = "__keyevent@*__:*";
const answerTimeoutMs = 30_000;

export interface KeyEventsOptions {
  address: Address;
  login: RemoteLogin;
  clock: Clock;
  signal: AbortSignal;
  onKey: (changed: ChangedKey) => void;
}

export class KeyEvents {
  readonly #client: RemoteClient;
  readonly #options: KeyEventsOptions;
  readonly #begun = Promise.withResolvers<void>();
  readonly #asked: (() => void)[] = [];

  private constructor(client: RemoteClient, options: KeyEventsOptions) {
    this.#client = client;
    this.#options = options;
    this.#begun.promise.catch(() => {});
    client.onMessage = (message) => this.#take(message);
  }

  /** Resolves when everything is told of that happens from then on. Throws SourceLost and SourceRefused. */
  static async open(options: KeyEventsOptions): Promise<KeyEvents> {
    const client = await RemoteClient.open(options.address, options.login, options.signal);
    try {
      await enable(client, options.address);
      const events = new KeyEvents(client, options);
      client.send("PSUBSCRIBE", pattern);
      await Promise.race([events.#begun.promise, events.lost]);
      return events;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Rejects when the connection is over. */
  get lost(): Promise<never> {
    return this.#client.closed.then(() => {
      throw sourceLost(`${showAddress(this.#options.address)} no longer tells of changes: the connection is lost.`);
    });
  }

  /** Resolves when everything has come that was told before this was asked. Throws SourceLost. */
  async reached(): Promise<void> {
    const answered = new Promise<void>((resolve) => this.#asked.push(resolve));
    this.#client.send("PING");
    const late = this.#options.clock.sleep(answerTimeoutMs, this.#options.signal).then(() => {
      this.#client.close();
      throw sourceLost(`${showAddress(this.#options.address)} does not answer.`);
    });
    late.catch(() => {});
    await Promise.race([answered, late, this.lost]);
  }

  close(): void {
    this.#client.close();
  }

  #take(message: RemoteReply): void {
    if (message instanceof RemoteError)
      this.#begun.reject(sourceRefused(`The source refuses to tell of changes: ${message.message}`));
    if (!Array.isArray(message)) return;
    const [kind, , channel, key] = message;
    switch (textOf(kind)) {
      case "psubscribe":
        return this.#begun.resolve();
      case "pong":
        return this.#asked.shift()?.();
      case "pmessage": {
        const database = /^__keyevent@(\d+)__:/.exec(textOf(channel))?.[1];
        if (database !== undefined && Buffer.isBuffer(key)) this.#options.onKey({ database: Number(database), key });
      }
    }
  }
}

/** What the server tells of already stays. Throws SourceRefused where it tells of too little, and may not be told to. */
async function enable(client: RemoteClient, address: Address): Promise<void> {
  const setting = "notify-keyspace-events";
  const [reply] = await Promise.all(client.askEach([["CONFIG", "GET", setting]]));
  const now = Array.isArray(reply) ? textOf(reply[1]) : "";
  if (now.includes("E") && now.includes("A")) return;
  const flags = [...new Set(now + wanted)].join("");
  const [set] = await Promise.all(client.askEach([["CONFIG", "SET", setting, flags]]));
  if (!(set instanceof RemoteError)) return;
  // Some services hide the setting altogether. Whether it is on shows when a key changes.
  throw sourceRefused(
    `${showAddress(address)} does not tell of changes, and does not let that be turned on. Set ${setting} to "KEA" there, and begin again.`,
  );
}
