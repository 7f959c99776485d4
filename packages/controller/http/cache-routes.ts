/** What is beneath every cache, of `Microsoft.Cache/redis` and as a cluster's database alike. Which versions a path takes is said where each is. */
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { cacheActions } from "./cache-actions.ts";
import { cacheBackups, storedBackups } from "./cache-backups.ts";
import { cacheEvents } from "./cache-events.ts";
import { cacheTransfers } from "./cache-transfers.ts";
import { cacheUpdates } from "./cache-updates.ts";

export function cacheRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const routes of [cacheActions, cacheEvents, cacheUpdates, cacheTransfers, cacheBackups, storedBackups])
    routes(app, api);
}
