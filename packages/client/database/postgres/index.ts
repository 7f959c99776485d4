/** @larder/client/database/postgres */

export type {
  FamilyOptions,
  QueryOptions,
  ReadThroughOptions,
  RowId,
  WriteOptions,
} from "../read-through/row-cache.ts";
export { rowKey } from "../read-through/row-cache.ts";
export type { SqlReadThrough } from "../read-through/sql-read-through.ts";
export { postgresLimits } from "./postgres-feed.ts";
export { type PostgresSourceOptions, postgresSource } from "./postgres-source.ts";
export { type PostgresReadThrough, readThrough } from "./read-through.ts";
