/** Updates of a cache's engine, Larder's own: `GET …/updates`, `POST …/updates/start|pause|resume`. */
import type { Hono } from "hono";
import { updateActions } from "../caches/action-rules.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { isUpdatePending, type UpdateFacts, updateStatus } from "../updates/update-status.ts";
import { wantedEngine } from "../updates/wanted-engine.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";

export function redisUpdates(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const factsOf = (cache: CacheDocument): UpdateFacts => ({
    lives: api.actions.lives(cache),
    available: wantedEngine(cache.settings.redisVersion, api.observations.agentReports()),
    nowMs: api.clock.nowMs(),
  });

  app.get(`${oneCache}/updates`, async (context) => {
    await api.groups.require(cachePlace(context).resourceGroup);
    const { value: cache } = await api.caches.require(cachePlace(context));
    return context.json(updateStatus(cache, factsOf(cache)));
  });

  for (const action of updateActions)
    app.post(`${oneCache}/updates/${action}`, async (context) => {
      await api.groups.require(cachePlace(context).resourceGroup);
      const isPending = (cache: CacheDocument) => isUpdatePending(cache, factsOf(cache));
      const { value: cache } = await api.actions.askUpdate(cachePlace(context), action, isPending);
      return context.json(updateStatus(cache, factsOf(cache)));
    });
}
