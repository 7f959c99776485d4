/** @larder/client/database/sqlserver */
export { type SqlServerPool, type SqlServerSourceOptions, sqlServerLimits } from "./options.ts";
export { sqlServerSource } from "./sqlserver-source.ts";
