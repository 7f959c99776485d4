/** @larder/client/database/sqlserver */
export type {
  FamilyOptions,
  QueryOptions,
  ReadThroughOptions,
  RowId,
  WriteOptions,
} from "../read-through/row-cache.ts";
export { rowKey } from "../read-through/row-cache.ts";
export type { SqlReadThrough } from "../read-through/sql-read-through.ts";
export { type SqlServerPool, type SqlServerSourceOptions, sqlServerLimits } from "./options.ts";
export { readThrough, type SqlParameters, type SqlServerReadThrough } from "./read-through.ts";
export { sqlServerSource } from "./sqlserver-source.ts";
