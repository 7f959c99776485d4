/** Actions on a database of a cluster that no other cache has: the upgrade of its engine, and those of geo-replication. */
import { LarderError } from "@larder/api";
import type { Hono } from "hono";
import { isUpdatePending } from "../updates/update-status.ts";
import { wantedEngine } from "../updates/wanted-engine.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { accepted } from "./enterprise-answers.ts";
import { databasePlace, oneDatabase } from "./enterprise-paths.ts";

const geoActions = ["forceUnlink", "forceLinkToReplicationGroup"];

export function enterpriseActions(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.post(`${oneDatabase}/upgradedbredisversion`, async (context) => {
    const place = await databasePlace(context, api);
    const { value: cache } = await api.caches.require(place);
    const available = wantedEngine(cache.settings.redisVersion, api.observations.agentReports());
    const facts = { lives: api.actions.lives(cache), available, nowMs: api.clock.nowMs() };
    const { stored, operationId = "" } = await api.databases.upgrade(place, isUpdatePending(cache, facts));
    return accepted(context, { ...stored.value, operationId });
  });

  for (const action of geoActions)
    app.post(`${oneDatabase}/${action.toLowerCase()}`, async (context) => {
      await api.caches.require(await databasePlace(context, api));
      const text = `'${action}' is about geo-replication, which Larder does not have yet.`;
      throw new LarderError("OperationNotSupported", text, { target: action });
    });
}
