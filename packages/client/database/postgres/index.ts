/** @larder/client/database/postgres */
export { postgresLimits } from "./postgres-feed.ts";
export { type PostgresSourceOptions, postgresSource } from "./postgres-source.ts";
