/** One cache as this gateway serves it: its route, its clients, its pools, and who may log in. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Route, RouteUser } from "@larder/api";
import type { CommandTable, Protocol } from "@larder/resp";
import type { Randomness } from "@larder/service";
import type { ClientConnection } from "./client-connection.ts";
import { EnginePool } from "./engine-pool.ts";

export class ServedCache {
  route: Route;
  /** What the engine can do; null until it was asked. */
  commands: CommandTable | null = null;
  readonly clients = new Map<number, ClientConnection>();
  readonly #pools = new Map<string, EnginePool>();
  readonly #randomness: Randomness;

  constructor(route: Route, randomness: Randomness) {
    this.route = route;
    this.#randomness = randomness;
  }

  /** Connects before the first client comes, so that its first command waits for nothing. */
  warm(): void {
    if (this.route.node !== null) this.pool(0, 2).ensure();
  }

  /** Takes a newer route. One with an older epoch is refused: it names a node that is no longer the primary. */
  update(route: Route): void {
    if (route.epoch < this.route.epoch) return;
    const isSameNode = JSON.stringify(route.node) === JSON.stringify(this.route.node);
    this.route = route;
    if (!isSameNode) this.#leaveNode();
    this.warm();
  }

  pool(database: number, protocol: Protocol): EnginePool {
    const key = `${database}/${protocol}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new EnginePool(this, { database, protocol }, this.#randomness);
      this.#pools.set(key, pool);
    }
    return pool;
  }

  /** The user whom name and password log in, or undefined. An absent name means `default`. */
  authenticate(name: string, password: Buffer): RouteUser | undefined {
    const user = this.route.users.find((each) => each.name === name);
    const digest = createHash("sha256").update(password).digest();
    return user?.passwordSha256.some((known) => timingSafeEqual(Buffer.from(known, "hex"), digest)) ? user : undefined;
  }

  stop(): void {
    for (const client of [...this.clients.values()]) client.close();
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }

  /** Clients keep their connections; commands in flight get their errors, and later ones go to the new node. */
  #leaveNode(): void {
    this.commands = null;
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    for (const client of this.clients.values()) {
      if (client.pool !== null) client.pool = this.pool(client.database, client.protocol);
    }
    for (const pool of pools) pool.close();
  }
}
