/**
 * Changes of MySQL (8 and later) and MariaDB (10.5 and later) by their binary logs, read by the package zongji as a replica would. The
 * server keeps no position for it: the follower keeps it in the cache server.
 */
import type { ConnectionOptions } from "mysql2/promise";
import { type Randomness, systemRandomness } from "../../randomness.ts";
import { loadDriver } from "../driver.ts";
import { type ChangeSource, DatabaseRefused, type OpenFeed, type OpenOptions } from "../source.ts";
import { type LogPosition, parsePosition, whyNotHere } from "./log-position.ts";
import { MysqlFeed } from "./mysql-feed.ts";
import { checkServer, type ServerIdentity } from "./settings.ts";

export interface MysqlSourceOptions {
  /** As `mysql2` takes it: an address, or its options. The user needs REPLICATION SLAVE, REPLICATION CLIENT, and to read the tables. */
  connection: string | ConnectionOptions;
  /** Under which it looks like a replica. It has to differ from those of all servers and replicas; drawn at random unless given. */
  serverId?: number;
  randomness?: Randomness;
}

/** Throws a TypeError for a number that no server can have. Needs the packages `mysql2` and `@vlasky/zongji`. */
export function mysqlSource(options: MysqlSourceOptions): ChangeSource {
  const { serverId } = options;
  if (serverId !== undefined && !(Number.isInteger(serverId) && serverId > 0 && serverId < 2 ** 32))
    throw new TypeError("serverId has to be an integer from 1 to 4294967295.");
  const memory: Memory = { unreadable: null };
  return { system: "mysql", keepsPosition: false, open: (open) => openFeed(options, open, memory) };
}

/** From one connection to the next. */
interface Memory {
  /** Why the log cannot be read on from where it was: then it is followed anew. */
  unreadable: string | null;
}

async function openFeed(options: MysqlSourceOptions, open: OpenOptions, memory: Memory): Promise<OpenFeed> {
  const mysql = await loadDriver("mysql2", () => import("mysql2/promise"));
  const zongji = await loadDriver("@vlasky/zongji", () => import("@vlasky/zongji"));
  const { connection, randomness = systemRandomness } = options;
  const given = typeof connection === "string" ? { uri: connection } : connection;
  const control = await mysql.createConnection({
    connectTimeout: connectTimeoutMs,
    ...given,
    multipleStatements: true,
  });
  control.on("error", () => {});
  try {
    const sentMs = open.clock.monotonicMs();
    const server = await checkServer(control, open.tables);
    const { from, why } = whereFrom(open.position, server, memory.unreadable);
    const feed = new MysqlFeed({
      ...{ control, server, from, why, tables: open.tables, clock: open.clock, signal: open.signal },
      zongji: new zongji.default(given),
      serverId: options.serverId ?? 2 ** 31 + (randomness.bytes(4).readUInt32LE() >>> 1),
      serverAheadMs: server.nowMs - sentMs,
      onUnreadable: (unreadable) => Object.assign(memory, { unreadable }),
    });
    await feed.begin();
    memory.unreadable = null;
    return feed;
  } catch (error) {
    control.destroy();
    throw refusalOf(error);
  }
}

const connectTimeoutMs = 10_000;

function whereFrom(
  position: string | null,
  server: ServerIdentity,
  unreadable: string | null,
): { from: LogPosition | null; why: string } {
  if (unreadable !== null) return { from: null, why: unreadable };
  if (position === null) return { from: null, why: "No position is known." };
  const from = parsePosition(position);
  if (from === null) return { from, why: "The position that was kept is none of MySQL's." };
  const why = whyNotHere(from, server);
  return why === null ? { from, why: "" } : { from: null, why };
}

function refusalOf(cause: unknown): unknown {
  const { errno } = cause as { errno?: number };
  if (cause instanceof DatabaseRefused || (errno !== 1227 && errno !== 1044 && errno !== 1142)) return cause;
  const message = "This user may not follow the server. GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO its-name";
  return new DatabaseRefused("PERMISSION_DENIED", message, { cause });
}
