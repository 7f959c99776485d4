/** @larder/client/database/mysql */
export { mysqlLimits } from "./mysql-feed.ts";
export { type MysqlSourceOptions, mysqlSource } from "./mysql-source.ts";
