/** Actions on a database, as Azure has them: import, export, flush, the upgrade of its engine, and those of geo-replication. */
import { isSameName, LarderError, parseEnterpriseExport, parseEnterpriseImport, transferHeader } from "@larder/api";
import type { Context, Hono } from "hono";
import type { Place } from "../caches/caches.ts";
import type { TransferRequest } from "../transfers/transfers.ts";
import { isUpdatePending } from "../updates/update-status.ts";
import { wantedEngine } from "../updates/wanted-engine.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { accepted } from "./enterprise-answers.ts";
import { databasePlace, oneDatabase } from "./enterprise-paths.ts";
import { readJsonBody } from "./json-body.ts";

const geoActions = ["forceUnlink", "forceLinkToReplicationGroup"];

export function enterpriseActions(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const begun = async (context: Context, place: Place, asked: TransferRequest) => {
    const { transfer, operation } = await api.transfers.begin(place, asked);
    context.header(transferHeader, transfer.transferId);
    return accepted(context, { ...place, ...operation });
  };

  app.post(`${oneDatabase}/import`, async (context) => {
    const place = await databasePlace(context, api);
    return begun(context, place, parseEnterpriseImport(await readJsonBody(context), api.clock.nowMs()));
  });

  app.post(`${oneDatabase}/export`, async (context) => {
    const place = await databasePlace(context, api);
    const nowMs = api.clock.nowMs();
    return begun(context, place, parseEnterpriseExport(await readJsonBody(context), exportPrefix(place, nowMs), nowMs));
  });

  app.post(`${oneDatabase}/flush`, async (context) => {
    const place = await databasePlace(context, api);
    refuseOthers(await readJsonBody(context), place);
    return accepted(context, { ...place, ...(await api.actions.flush(place)) });
  });

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

/** Azure names the file itself. */
function exportPrefix({ name }: Place, nowMs: number): string {
  return `${name}-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, "-")}`;
}

/** `ids` are of the databases that are linked with this one, of which there are none. */
function refuseOthers(body: unknown, place: Place): void {
  const ids: unknown = (body as { ids?: unknown } | undefined | null)?.ids ?? [];
  const isOwn = (id: unknown) => isSameName(String(id).split("/").at(-3) ?? "", place.name);
  if (Array.isArray(ids) && ids.every(isOwn)) return;
  const text =
    "'ids' names databases that are linked with this one; there are none, as Larder has no geo-replication yet.";
  throw new LarderError("OperationNotSupported", text, { target: "ids" });
}
