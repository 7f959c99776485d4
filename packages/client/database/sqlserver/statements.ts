/**
 * The Transact-SQL that follows tables by change tracking, as text. Pure. Source: Microsoft's documentation of change tracking
 * (CHANGETABLE, CHANGE_TRACKING_MIN_VALID_VERSION) for SQL Server 2022.
 *
 * A look asks, in this order: for the version up to which everything is there, for the changes, and then whether the changes since the last look
 * are all still kept, as a clean-up may run in between. A change that is committed between the first two comes twice.
 */
export interface TrackedTable {
  /** As in the map. */
  name: string;
  /** Columns of the primary key, in its order. */
  keys: readonly string[];
  columns: readonly string[];
}

/** "products" and "sales.orders", quoted; the schema is dbo where none is named. */
export function quoted(table: string): string {
  const dot = table.indexOf(".");
  return dot < 0 ? `[dbo].${bracketed(table)}` : `${bracketed(table.slice(0, dot))}.${bracketed(table.slice(dot + 1))}`;
}

export function bracketed(name: string): string {
  return `[${name.replaceAll("]", "]]")}]`;
}

function objectOf(table: string): string {
  return `OBJECT_ID(N'${quoted(table).replaceAll("'", "''")}')`;
}

/** Two results: of the database, and a row for each column of each table. */
export function describeStatement(tables: readonly string[]): string {
  const described = tables.map(
    (table, index) => `SELECT ${index} AS place, ${objectOf(table)} AS object,
  CHANGE_TRACKING_MIN_VALID_VERSION(${objectOf(table)}) AS minimum,
  (SELECT COUNT(*) FROM sys.change_tracking_tables WHERE object_id = ${objectOf(table)}) AS tracked`,
  );
  return `SELECT DB_NAME() AS name, CONVERT(varchar(20), CHANGE_TRACKING_CURRENT_VERSION()) AS version;
SELECT d.place, d.object, CONVERT(varchar(20), d.minimum) AS minimum, d.tracked, c.name AS name, ic.key_ordinal AS ordinal
FROM (${described.join("\nUNION ALL ")}) AS d
LEFT JOIN sys.columns AS c ON c.object_id = d.object
LEFT JOIN sys.indexes AS i ON i.object_id = d.object AND i.is_primary_key = 1
LEFT JOIN sys.index_columns AS ic ON ic.object_id = d.object AND ic.index_id = i.index_id AND ic.column_id = c.column_id
ORDER BY d.place, c.column_id;`;
}

/** Results: the version and the time, the changes of each table, and one row with the oldest version that each keeps. */
export function changesStatement(tables: readonly TrackedTable[], since: bigint, changesMax: number): string {
  const version = `SELECT CONVERT(varchar(20), CHANGE_TRACKING_CURRENT_VERSION()) AS version,
  DATEDIFF_BIG(millisecond, '1970-01-01', SYSUTCDATETIME()) AS now;`;
  const minimums = tables.map(
    ({ name }, index) =>
      `CONVERT(varchar(20), CHANGE_TRACKING_MIN_VALID_VERSION(${objectOf(name)})) AS minimum${index}`,
  );
  return [
    version,
    ...tables.map((table) => tableChanges(table, since, changesMax)),
    `SELECT ${minimums.join(", ")};`,
  ].join("\n");
}

/** One more than is taken, so that more can be told from all. */
function tableChanges({ name, keys }: TrackedTable, since: bigint, changesMax: number): string {
  const keyColumns = keys.map((key, index) => `c.${bracketed(key)} AS [#${index}]`).join(", ");
  const isSame = keys.map((key) => `t.${bracketed(key)} = c.${bracketed(key)}`).join(" AND ");
  return `SELECT TOP (${changesMax + 1}) c.SYS_CHANGE_OPERATION AS [#operation], ${keyColumns}, t.*
FROM CHANGETABLE(CHANGES ${quoted(name)}, ${since}) AS c
LEFT JOIN ${quoted(name)} AS t ON ${isSame}
ORDER BY c.SYS_CHANGE_VERSION;`;
}
