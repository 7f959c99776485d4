/**
 * The server connections of one cache for one database and protocol: the shared one, and dedicated ones lent to clients.
 * While the engine is away, clients are held here; past `holdMs` they are let go, and are refused until it is back.
 */
import type { Protocol } from "@larder/resp";
import { backoffMs, type Randomness } from "@larder/service";
import type { ClientConnection } from "./client-connection.ts";
import { DedicatedConnection } from "./dedicated-connection.ts";
import { limits } from "./limits.ts";
import { counters } from "./metrics.ts";
import type { ServedCache } from "./served-cache.ts";
import type { ServerTarget } from "./server-connection.ts";
import { SharedConnection } from "./shared-connection.ts";
import { noSubscriptions } from "./subscriptions.ts";

const reconnect = { firstMs: 5, maxMs: 250 };

export class EnginePool {
  /** Ready to be used; null while it is not. */
  shared: SharedConnection | null = null;
  /** The engine has been away for longer than clients are held. */
  isUnavailable = false;

  readonly #cache: ServedCache;
  readonly #protocol: Protocol;
  readonly #database: number;
  readonly #randomness: Randomness;
  readonly #waiting = new Set<ClientConnection>();
  readonly #lent = new Set<DedicatedConnection>();
  #idle: DedicatedConnection[] = [];
  #connecting: SharedConnection | null = null;
  #attempt = 0;
  #retryTimer: Timer | null = null;
  #holdTimer: Timer | null = null;
  #isClosed = false;

  constructor(cache: ServedCache, key: { database: number; protocol: Protocol }, randomness: Randomness) {
    this.#cache = cache;
    this.#database = key.database;
    this.#protocol = key.protocol;
    this.#randomness = randomness;
  }

  /** Begins to connect, unless it is connected or does so already. */
  ensure(): void {
    if (this.shared !== null || this.#connecting !== null || this.#retryTimer !== null || this.#isClosed) return;
    this.#holdTimer ??= setTimeout(() => this.#giveUpHolding(), limits.holdMs);
    const target = this.#target({ wantsCommands: this.#cache.commands === null });
    if (target === null) return this.#retryLater();
    const connection = new SharedConnection(target);
    this.#connecting = connection;
    connection.start({
      onReady: () => this.#onSharedReady(connection),
      onClosed: () => this.#onSharedClosed(connection),
    });
  }

  /** The client is resumed when the engine is there, or when it has been away for too long. */
  wait(client: ClientConnection): void {
    this.#waiting.add(client);
    this.ensure();
  }

  /** Lends the client a connection of its own, warm if there is one. It may not be ready yet: then the client is resumed. */
  lend(client: ClientConnection): void {
    const target = this.#target({ wantsCommands: false });
    if (target === null) return this.wait(client);
    const warm = this.#idle.pop();
    const connection = warm ?? new DedicatedConnection(target);
    connection.owner = client;
    client.dedicated = connection;
    this.#lent.add(connection);
    if (warm !== undefined) return;
    connection.start({
      onReady: () => connection.owner?.resume(),
      onClosed: () => this.#onDedicatedClosed(connection),
    });
  }

  /** Takes the client's dedicated connection back once nothing on it is the client's any more. */
  releaseIfClean(client: ClientConnection): void {
    const connection = client.dedicated;
    if (connection === null || client.isInTransaction || client.isWatching || client.isSticky) return;
    if (!client.subscriptions.isEmpty || client.stream !== null) return;
    client.dedicated = null;
    client.subscriptions = noSubscriptions;
    this.#takeBack(connection);
  }

  /** The client is gone, or starts anew: its dedicated connection, whatever its state, is closed. */
  forget(client: ClientConnection): void {
    this.#waiting.delete(client);
    const connection = client.dedicated;
    if (connection === null) return;
    client.dedicated = null;
    connection.owner = null;
    connection.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#clearTimers();
    this.#connecting?.close();
    this.shared?.close();
    for (const connection of [...this.#idle, ...this.#lent]) connection.close();
    this.#idle = [];
    this.#resumeWaiting();
  }

  #target(options: { wantsCommands: boolean }): ServerTarget | null {
    const { node, users } = this.#cache.route;
    const user = users[0];
    if (node === null || user === undefined) return null;
    return {
      socketPath: node.socketPath,
      user: user.engineUser,
      password: user.enginePassword,
      protocol: this.#protocol,
      database: this.#database,
      ...options,
    };
  }

  #onSharedReady(connection: SharedConnection): void {
    this.#connecting = null;
    this.shared = connection;
    this.#attempt = 0;
    this.isUnavailable = false;
    this.#clearTimers();
    if (connection.commands !== null) this.#cache.commands = connection.commands;
    this.#resumeWaiting();
  }

  #onSharedClosed(connection: SharedConnection): void {
    if (this.shared === connection) this.shared = null;
    if (this.#connecting === connection) {
      this.#connecting = null;
      this.#retryLater();
    }
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    this.#retryTimer = setTimeout(
      () => {
        this.#retryTimer = null;
        this.ensure();
      },
      backoffMs(this.#attempt++, reconnect, this.#randomness),
    );
  }

  #giveUpHolding(): void {
    this.isUnavailable = true;
    this.#resumeWaiting();
  }

  #resumeWaiting(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const client of waiting) client.resume();
  }

  #takeBack(connection: DedicatedConnection): void {
    this.#lent.delete(connection);
    connection.owner = null;
    const isReusable = connection.state === "ready" && !connection.isTainted && !this.#isClosed;
    if (isReusable && this.#idle.length < limits.dedicatedIdleMax) this.#idle.push(connection);
    else connection.close();
  }

  /** One that never became ready has taken no command yet: its client waits for the engine like the others. */
  #onDedicatedClosed(connection: DedicatedConnection): void {
    this.#lent.delete(connection);
    this.#idle = this.#idle.filter((each) => each !== connection);
    const client = connection.owner;
    if (client === null || connection.wasReady) return;
    client.dedicated = null;
    if (this.shared === null && !this.isUnavailable) this.wait(client);
    else client.fail(unavailableError());
  }

  #clearTimers(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    if (this.#holdTimer !== null) clearTimeout(this.#holdTimer);
    this.#retryTimer = null;
    this.#holdTimer = null;
  }
}

/** For the error of a client that is let go: how often it happened is counted with it. */
export function unavailableError(): string {
  counters.larder_gateway_commands_unavailable_total++;
  return "UNAVAILABLE the engine of this cache does not answer; the command was not executed";
}
