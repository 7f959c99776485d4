/** Updates of a cache's engine, Larder's own: `GET …/updates`, `POST …/updates/start|pause|resume`. */
import { updateActions } from "../caches/action-rules.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { isUpdatePending, type UpdateFacts, updateStatus } from "../updates/update-status.ts";
import { wantedEngine } from "../updates/wanted-engine.ts";
import { beneathCaches } from "./cache-roots.ts";

export const cacheUpdates = beneathCaches((app, api, root) => {
  const factsOf = (cache: CacheDocument): UpdateFacts => ({
    lives: api.actions.lives(cache),
    available: wantedEngine(cache.settings.redisVersion, api.observations.agentReports()),
    nowMs: api.clock.nowMs(),
  });

  app.get(`${root.path}/updates`, async (context) => {
    const { value: cache } = await api.caches.require(await root.place(context, api));
    return context.json(updateStatus(cache, factsOf(cache)));
  });

  for (const action of updateActions)
    app.post(`${root.path}/updates/${action}`, async (context) => {
      const place = await root.place(context, api);
      const isPending = (cache: CacheDocument) => isUpdatePending(cache, factsOf(cache));
      const { value: cache } = await api.actions.askUpdate(place, action, isPending);
      return context.json(updateStatus(cache, factsOf(cache)));
    });
});
