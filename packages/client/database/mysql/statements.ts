/**
 * Statements in a log of rows: those that change a table's shape, or all of it at once, are logged as text, and so is what a session writes
 * that has turned row logging off. Which rows they mean is not known, only which tables they may mean. Pure.
 */
const withoutRows =
  /^\s*(BEGIN|START\s+TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|XA|SET|USE|FLUSH|ANALYZE|OPTIMIZE|GRANT|REVOKE|#)/i;
const ofDatabase = /^\s*(\/\*.*?\*\/\s*)*DROP\s+(DATABASE|SCHEMA)\b/i;

/** Of the tables, those that the statement may have changed: it names them, or drops a database. */
export function tablesOf(statement: string, tables: Iterable<string>): string[] {
  if (withoutRows.test(statement)) return [];
  if (ofDatabase.test(statement)) return [...tables];
  const words = new Set(statement.toLowerCase().split(/[^\p{L}\p{N}_$]+/u));
  return [...tables].filter((table) =>
    table
      .slice(table.indexOf(".") + 1)
      .toLowerCase()
      .split(/[^\p{L}\p{N}_$]+/u)
      .every((word) => words.has(word)),
  );
}
