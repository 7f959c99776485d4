/** @larder/client/database/mysql */

export type {
  FamilyOptions,
  QueryOptions,
  ReadThroughOptions,
  RowId,
  WriteOptions,
} from "../read-through/row-cache.ts";
export { rowKey } from "../read-through/row-cache.ts";
export type { SqlReadThrough } from "../read-through/sql-read-through.ts";
export { mysqlLimits } from "./mysql-feed.ts";
export { type MysqlSourceOptions, mysqlSource } from "./mysql-source.ts";
export { type MysqlReadThrough, readThrough } from "./read-through.ts";
