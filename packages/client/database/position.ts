/**
 * Who follows, and how far it has come, kept in the cache server for databases that keep neither. One hash: whoever holds the lease
 * in it follows and may write the position; others stand by. The server's clock decides when a lease has ended.
 *
 * When the hash is gone (the cache server lost its memory, or evicted it) the next who follows begins anew, which clears the cache.
 */

import { Script } from "../connection/script.ts";
import type { Server, ServerLike } from "../connection/server.ts";
import { serverOf } from "../connection/server.ts";
import { type Randomness, systemRandomness } from "../randomness.ts";

export const positionLimits = {
  /** A follower that is not heard of for so long has lost its place. It renews it three times as often. */
  leaseMs: 6_000,
} as const;

const now = `local t = redis.call("TIME") local now = t[1] * 1000 + math.floor(t[2] / 1000)`;
/** ARGV: who, lease in ms. */
const take = new Script(`${now}
local held = redis.call("HMGET", KEYS[1], "by", "until", "position")
if held[1] and held[1] ~= ARGV[1] and tonumber(held[2]) > now then return {0} end
redis.call("HSET", KEYS[1], "by", ARGV[1], "until", now + ARGV[2])
return {1, held[3]}`);
/** ARGV: who, lease in ms, position or "". */
const keep = new Script(`${now}
if redis.call("HGET", KEYS[1], "by") ~= ARGV[1] then return 0 end
redis.call("HSET", KEYS[1], "until", now + ARGV[2])
if ARGV[3] ~= "" then redis.call("HSET", KEYS[1], "position", ARGV[3]) end
return 1`);
const leave = new Script(`
if redis.call("HGET", KEYS[1], "by") ~= ARGV[1] then return 0 end
return redis.call("HDEL", KEYS[1], "by", "until")`);

export interface Seat {
  /** null: another follows. Otherwise this one does, from the position on, null where none is known. */
  take(): Promise<{ position: string | null } | null>;
  /** Stays, and writes the position if one is given. false: the seat was lost to another. */
  keep(position: string | null): Promise<boolean>;
  /** Another may take it at once. */
  leave(): Promise<void>;
}

export interface PositionOptions {
  server: ServerLike;
  /** Followers of one name take turns. It has to differ between databases and between caches. */
  name: string;
  leaseMs?: number;
  randomness?: Randomness;
}

/** The seat of one follower. */
export function positionIn(options: PositionOptions): Seat {
  return new ServerSeat(options);
}

class ServerSeat implements Seat {
  readonly #server: ServerLike;
  readonly #keys: [string];
  readonly #me: string;
  readonly #leaseMs: string;

  constructor({ server, name, leaseMs = positionLimits.leaseMs, randomness = systemRandomness }: PositionOptions) {
    if (typeof name !== "string" || name === "") throw new TypeError("name has to be a text that is not empty.");
    if (!(leaseMs >= 100)) throw new TypeError("leaseMs has to be at least 100.");
    this.#server = server;
    this.#keys = [`larder:follow:{${name}}`];
    this.#me = randomness.bytes(12).toString("base64url");
    this.#leaseMs = String(leaseMs);
  }

  get #connection(): Server["main"] {
    return serverOf(this.#server).main;
  }

  async take(): Promise<{ position: string | null } | null> {
    const [isMine, position] = (await take.run(this.#connection, this.#keys, [this.#me, this.#leaseMs])) as [
      number,
      string | null | undefined,
    ];
    return isMine === 1 ? { position: position ?? null } : null;
  }

  async keep(position: string | null): Promise<boolean> {
    return (await keep.run(this.#connection, this.#keys, [this.#me, this.#leaseMs, position ?? ""])) === 1;
  }

  async leave(): Promise<void> {
    await leave.run(this.#connection, this.#keys, [this.#me]);
  }
}
