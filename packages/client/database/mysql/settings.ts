/** What is asked of a server before its binary log can be followed. */
import type { Connection } from "mysql2/promise";
import { DatabaseRefused } from "../source.ts";
import type { LogPosition } from "./log-position.ts";

export interface ServerIdentity {
  isMariaDb: boolean;
  by: LogPosition["by"];
  /** Empty where there is none: then positions are by transaction. */
  serverId: string;
  /** That of the connection; empty where it has none. */
  database: string;
  nowMs: number;
}

/** Rejects with DatabaseRefused where the log does not hold what is needed, or a table is not there. */
export async function checkServer(control: Connection, tables: readonly string[]): Promise<ServerIdentity> {
  const settings = await readSettings(control);
  checkLog(settings);
  const database = settings["database"] ?? "";
  await checkTables(control, tables, database);
  const isMariaDb = /mariadb/i.test(settings["version"] ?? "");
  return {
    isMariaDb,
    by: isMariaDb || settings["gtid_mode"] === "ON" ? "gtid" : "file",
    serverId: settings["server_uuid"] ?? "",
    database,
    nowMs: Number(settings["now_ms"]),
  };
}

/** Values by name. Servers differ in which of these they know. */
async function readSettings(control: Connection): Promise<Record<string, string | undefined>> {
  const names =
    "log_bin, binlog_format, binlog_row_image, binlog_row_value_options, binlog_transaction_compression, gtid_mode, server_uuid, version";
  const quotedNames = names.replaceAll(/\w+/g, "'$&'");
  const [variables] = await control.query(`show global variables where variable_name in (${quotedNames})`);
  const [own] = await control.query("select database() as `database`, unix_timestamp(now(6)) * 1000 as now_ms");
  const pairs = (variables as { Variable_name: string; Value: string }[]).map(({ Variable_name, Value }) => [
    Variable_name,
    Value,
  ]);
  return { ...Object.fromEntries(pairs), ...(own as Record<string, string>[])[0] };
}

const wanted: [name: string, isRight: (value: string) => boolean, mend: string][] = [
  ["log_bin", (value) => value === "ON", "Start it with --log-bin."],
  ["binlog_format", (value) => value === "ROW", "SET GLOBAL binlog_format = 'ROW', and connect anew everywhere."],
  [
    "binlog_row_image",
    (value) => value === "FULL",
    "SET GLOBAL binlog_row_image = 'FULL', and connect anew everywhere.",
  ],
  ["binlog_row_value_options", (value) => value === "", "SET GLOBAL binlog_row_value_options = ''."],
  ["binlog_transaction_compression", (value) => value === "OFF", "SET GLOBAL binlog_transaction_compression = OFF."],
];

function checkLog(settings: Record<string, string | undefined>): void {
  for (const [name, isRight, mend] of wanted) {
    const value = settings[name];
    if (value === undefined || isRight(value)) continue;
    throw new DatabaseRefused(
      "LOG_NOT_AVAILABLE",
      `The server's binary log cannot be followed: ${name} is ${value || "empty"}. ${mend}`,
    );
  }
}

async function checkTables(control: Connection, tables: readonly string[], database: string): Promise<void> {
  for (const table of tables) {
    const [schema, name] = partsOf(table, database);
    const [rows] = await control.query(
      "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
      [schema, name],
    );
    if ((rows as unknown[]).length > 0) continue;
    throw new DatabaseRefused(
      "TABLE_UNKNOWN",
      `The server has no table ${table}, or this user may not read it. Outside of the connection's database it is database.table.`,
    );
  }
}

export function partsOf(table: string, database: string): [schema: string, name: string] {
  const dot = table.indexOf(".");
  return dot < 0 ? [database, table] : [table.slice(0, dot), table.slice(dot + 1)];
}
