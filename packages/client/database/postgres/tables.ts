/** What is asked of the tables and of the publication before they can be followed, and what of it can be mended from here. */
import type { Client } from "pg";
import { DatabaseRefused } from "../source.ts";

interface TableState {
  name: string;
  isThere: boolean;
  isPublished: boolean;
  isPartitioned: boolean;
  /** Whether an update or a delete logs which row it was. Without that PostgreSQL refuses both as soon as the table is published. */
  hasKey: boolean;
}

const tableStates = `
select t.name, c.oid is not null as "isThere", coalesce(c.relkind = 'p', false) as "isPartitioned",
  exists (select from pg_publication_tables p where p.pubname = $3 and p.schemaname = n.nspname and p.tablename = c.relname) as "isPublished",
  case c.relreplident when 'f' then true when 'n' then false else exists (
    select from pg_index i where i.indrelid = c.oid and (case c.relreplident when 'd' then i.indisprimary else i.indisreplident end)
  ) end as "hasKey"
from unnest($1::text[], $2::text[], $4::text[]) as t(schema, table_name, name)
left join pg_namespace n on n.nspname = t.schema
left join pg_class c on c.relnamespace = n.oid and c.relname = t.table_name and c.relkind in ('r', 'p')`;

/**
 * Resolves to whether tables had to be added to the publication (or it had to be made): earlier changes of them will not come. Rejects with
 * DatabaseRefused where this user may not, or where that would break the application's own writes.
 */
export async function publishTables(client: Client, publication: string, tables: readonly string[]): Promise<boolean> {
  const states = await readStates(client, publication, tables);
  refuseUnfit(states);
  const missing = states.filter(({ isPublished }) => !isPublished);
  const exists = await checkPublication(client, publication);
  if (missing.length === 0) return false;
  const list = missing.map(({ name }) => quotedTable(name)).join(", ");
  const sql = exists
    ? `ALTER PUBLICATION ${quoted(publication)} ADD TABLE ${list}`
    : `CREATE PUBLICATION ${quoted(publication)} FOR TABLE ${list} WITH (publish_via_partition_root = true)`;
  await publish(client, sql);
  return true;
}

/** Whether they all still are published: a table that was dropped and made anew is not. */
export async function arePublished(client: Client, publication: string, tables: readonly string[]): Promise<boolean> {
  return (await readStates(client, publication, tables)).every(({ isPublished }) => isPublished);
}

async function readStates(client: Client, publication: string, tables: readonly string[]): Promise<TableState[]> {
  const parts = tables.map(partsOf);
  const values = [parts.map(([schema]) => schema), parts.map(([, table]) => table), publication, tables];
  return (await client.query<TableState>(tableStates, values)).rows;
}

function refuseUnfit(states: readonly TableState[]): void {
  const unknown = states.filter(({ isThere }) => !isThere).map(({ name }) => name);
  if (unknown.length > 0)
    throw new DatabaseRefused(
      "TABLE_UNKNOWN",
      `The database has no table ${unknown.join(", ")}. Outside of "public" it is schema.table.`,
    );
  const keyless = states.filter(({ hasKey, isPartitioned }) => !hasKey && !isPartitioned).map(({ name }) => name);
  if (keyless.length > 0)
    throw new DatabaseRefused(
      "KEY_MISSING",
      `PostgreSQL would refuse updates of published tables that have no primary key. ${keyless.map((name) => `ALTER TABLE ${quotedTable(name)} REPLICA IDENTITY FULL`).join("; ")}`,
    );
}

async function checkPublication(client: Client, publication: string): Promise<boolean> {
  const { rows } = await client.query(
    `select pubviaroot and pubinsert and pubupdate and pubdelete and pubtruncate as "isWhole" from pg_publication where pubname = $1`,
    [publication],
  );
  if (rows.length === 0) return false;
  if (rows[0].isWhole !== true)
    throw new DatabaseRefused(
      "PUBLICATION_MISSING",
      `The publication leaves changes out. ALTER PUBLICATION ${quoted(publication)} SET (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)`,
    );
  return true;
}

async function publish(client: Client, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "42501") throw cause;
    throw new DatabaseRefused(
      "PUBLICATION_MISSING",
      `This user may not publish the tables. Somebody who may has to do: ${sql}`,
      { cause },
    );
  }
}

function partsOf(name: string): [schema: string, table: string] {
  const dot = name.indexOf(".");
  return dot < 0 ? ["public", name] : [name.slice(0, dot), name.slice(dot + 1)];
}

function quotedTable(name: string): string {
  return partsOf(name).map(quoted).join(".");
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
