/**
 * Changes of PostgreSQL (10 and later) by logical replication: a publication says of which tables, a replication slot keeps the position, and
 * the plugin `pgoutput`, which every server has, says what changed.
 *
 * Two connections: one that replicates, and one that asks for what is visible (visibility.ts). The loss of either ends the feed.
 */
import type { Client, ClientConfig } from "pg";
import { loadDriver } from "../driver.ts";
import { type ChangeSource, DatabaseRefused, type OpenFeed, type OpenOptions } from "../source.ts";
import { PostgresFeed } from "./postgres-feed.ts";
import { codeOf, createSlot, dropSlot, readSlot } from "./slot.ts";
import { publishTables } from "./tables.ts";

export interface PostgresSourceOptions {
  /** As `pg` takes it: an address, or its options. The user needs the attribute REPLICATION, and to read the catalogue. */
  connection: string | ClientConfig;
  /** Made if it is not there. PostgreSQL keeps its log until the slot was followed: drop a slot that nobody follows any more. */
  slot: string;
  /** Made if it is not there and the user may, with the tables of the map; tables that it lacks are added. */
  publication: string;
  /** Those to publish, if they are not those of the map. */
  tables?: readonly string[];
  /** The slot ends with the connection: nothing is left behind in the database, and every new connection clears the cache. */
  temporary?: boolean;
}

type Pg = typeof import("pg");

/** Throws a TypeError for a name that PostgreSQL would refuse. Needs the package `pg`. */
export function postgresSource(options: PostgresSourceOptions): ChangeSource {
  if (!/^[a-z0-9_]{1,63}$/.test(options.slot))
    throw new TypeError("slot has to be 1 to 63 characters of a-z, 0-9 and _, as PostgreSQL wants it.");
  if (typeof options.publication !== "string" || options.publication === "")
    throw new TypeError("publication is missing.");
  return { system: "postgresql", keepsPosition: true, open: (open) => new Opening(options, open).open() };
}

class Opening {
  readonly #options: PostgresSourceOptions;
  readonly #open: OpenOptions;
  readonly #clients: Client[] = [];

  constructor(options: PostgresSourceOptions, open: OpenOptions) {
    this.#options = options;
    this.#open = open;
  }

  async open(): Promise<OpenFeed> {
    const pg = await loadDriver("pg", () => import("pg"));
    try {
      return await this.#connectAndBegin(pg);
    } catch (error) {
      for (const client of this.#clients) void client.end().catch(() => {});
      throw refusalOf(error);
    }
  }

  async #connectAndBegin(pg: Pg): Promise<OpenFeed> {
    const { slot, publication, temporary = false, tables = this.#open.tables } = this.#options;
    const control = await this.#connect(pg, { query_timeout: controlTimeoutMs });
    await checkLog(control);
    let state = await readSlot(control, slot);
    const isAdded = await publishTables(control, publication, tables);
    // A slot from before its publication would stop at the first change: of that time there is no publication.
    const why = whyAnew(state, isAdded);
    if (state !== null && why !== null) {
      await dropSlot(control, slot);
      state = null;
    }
    const replication = await this.#connect(pg, {
      replication: "database",
      query_timeout: 0,
      statement_timeout: 0,
    } as ClientConfig);
    const beginsAt = state === null ? await createSlot(replication, slot, temporary) : null;
    const feed = new PostgresFeed({
      ...{ control, replication, slot, publication, tables, clock: this.#open.clock, signal: this.#open.signal },
      parseValue: (text, typeId) => pg.types.getTypeParser(typeId, "text")(text),
    });
    await feed.begin();
    if (beginsAt !== null) feed.beginAnew(beginsAt, why ?? "The replication slot is new.");
    return feed;
  }

  async #connect(pg: Pg, ours: ClientConfig): Promise<Client> {
    const { connection } = this.#options;
    const given = typeof connection === "string" ? { connectionString: connection } : connection;
    const client = new pg.Client({
      connectionTimeoutMillis: connectTimeoutMs,
      application_name: "larder-client",
      ...given,
      ...ours,
    });
    // What goes wrong is told to whoever waits for an answer; without a listener it would end the process.
    client.on("error", () => {});
    this.#clients.push(client);
    await client.connect();
    return client;
  }
}

const connectTimeoutMs = 10_000;
const controlTimeoutMs = 10_000;

function whyAnew(state: { isLost: boolean } | null, isAdded: boolean): string | null {
  if (state?.isLost === true) return "PostgreSQL has removed the log that the slot needed (max_slot_wal_keep_size).";
  return isAdded ? "Tables were published that were not before." : null;
}

async function checkLog(control: Client): Promise<void> {
  const { rows } = await control.query("show wal_level");
  if ((rows[0] as { wal_level: string }).wal_level === "logical") return;
  throw new DatabaseRefused(
    "LOG_NOT_AVAILABLE",
    "PostgreSQL logs too little to be followed. ALTER SYSTEM SET wal_level = 'logical', and restart it.",
  );
}

function refusalOf(cause: unknown): unknown {
  if (codeOf(cause) !== "42501" || cause instanceof DatabaseRefused) return cause;
  const message = "This user may not follow the database. ALTER ROLE its-name WITH REPLICATION";
  return new DatabaseRefused("PERMISSION_DENIED", message, { cause });
}
