/**
 * Polling of long-running operations, in the forms that clients know:
 *
 *   …/asyncOperations/{id}     200 with the status in the body
 *   …/operationsStatus/{id}    the same, of Microsoft.Cache/redisEnterprise
 *   …/operationresults/{id}    202 while it runs, then 200; the same body
 *
 * A poll is answered when the operation ends, or after `holdMs` at the latest: clients learn of the end at once without
 * asking often. `Retry-After` is on every answer, in whole seconds and never 0, which the Azure CLI reads as "not given"
 * and sleeps half a minute.
 */
import { LarderError, type OperationStatus } from "@larder/api";
import type { Context, Hono } from "hono";
import { accessEnd } from "../access/access-operation.ts";
import { operationKey } from "../documents/document-keys.ts";
import { type OperationDocument, operationOutcome } from "../documents/operation-document.ts";
import type { StoredDocument } from "../store/store.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireCacheVersion, requireResourcesVersion } from "./api-versions.ts";
import { clustersInGroup } from "./enterprise-paths.ts";
import { apiVersionOf, callerBase, ownUrl, pathValue } from "./request-path.ts";

const holdMs = 900;
const retryAfter = "1";
const location = "/subscriptions/:subscription/providers/microsoft.cache/locations/:location";

type StatusForm = "asyncOperations" | "operationsStatus";
type OperationPlace = Pick<OperationDocument, "operationId" | "subscription" | "location">;

/** Where a client polls an operation on a cache, under the address that it used for this call. */
export function operationUrl(context: Context, at: OperationPlace, form: StatusForm | "operationresults"): string {
  const path = `${operationFolder({ ...at, location: encodeURIComponent(at.location) }, form)}/${at.operationId}`;
  return `${callerBase(context)}${path}?api-version=${apiVersionOf(context)}`;
}

/** Where a client polls an operation on a resource group. */
export function groupOperationUrl(context: Context, subscription: string, operationId: string): string {
  return `${callerBase(context)}/subscriptions/${subscription}/operationresults/${operationId}?api-version=${apiVersionOf(context)}`;
}

export function operations(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const form of ["asyncOperations", "operationsStatus"] as const)
    app.get(`${location}/${form.toLowerCase()}/:operation`, requireCacheVersion, async (context) => {
      const operation = await heldOperation(context, api);
      const url = operationUrl(context, operation, form);
      const headers = { "azure-asyncoperation": url, "retry-after": retryAfter };
      const body = status(operation, form);
      return context.json(form === "operationsStatus" ? withoutNulls(body) : body, 200, headers);
    });

  app.get(`${location}/operationresults/:operation`, requireCacheVersion, async (context) => {
    const operation = await heldOperation(context, api);
    return result(context, operation, operationUrl(context, operation, "operationresults"));
  });

  app.get(`${clustersInGroup}/:name/operationresults/:operation`, async (context) => {
    const operation = await heldOperation(context, api);
    return result(context, operation, ownUrl(context));
  });

  app.get("/subscriptions/:subscription/operationresults/:operation", requireResourcesVersion, async (context) => {
    const operation = await heldOperation(context, api);
    const headers = { "retry-after": retryAfter };
    if (operation.endMs !== null) return context.json(status(operation, "operationresults"), 200, headers);
    const url = groupOperationUrl(context, operation.subscription, operation.operationId);
    return context.json(status(operation, "operationresults"), 202, { ...headers, location: url });
  });
}

function result(context: Context, operation: OperationDocument, url: string): Response {
  const body = status(operation, "operationresults");
  if (operation.endMs !== null) return context.json(body, 200, { "retry-after": retryAfter });
  return context.json(body, 202, { location: url, "azure-asyncoperation": url, "retry-after": retryAfter });
}

/** The operation, once it has ended or enough time has passed. Throws ResourceNotFound. */
async function heldOperation(context: Context, api: ApiContext): Promise<OperationDocument> {
  const operationId = pathValue(context, "operation");
  const key = operationKey(operationId);
  const found = await api.store.get<OperationDocument>(key);
  if (found === undefined) throw new LarderError("ResourceNotFound", `There is no operation '${operationId}'.`);
  if (found.value.endMs !== null) return found.value;
  const enough = new AbortController();
  const signal = AbortSignal.any([enough.signal, context.req.raw.signal]);
  void api.clock.sleep(holdMs, signal).then(() => enough.abort());
  if (found.value.awaits !== undefined) return endedAccess(api, found, signal).finally(() => enough.abort());
  for await (const changes of api.store.watch(key, found.revision, signal)) {
    const newest = changes.at(-1)?.value as OperationDocument | undefined;
    if (newest === undefined || newest.endMs === null) continue;
    enough.abort();
    return newest;
  }
  return found.value;
}

/** Whoever sees its end first writes it down. */
async function endedAccess(
  api: ApiContext,
  { key, value, revision }: StoredDocument<OperationDocument>,
  signal: AbortSignal,
): Promise<OperationDocument> {
  const end = value.awaits && (await accessEnd(value.awaits, api, signal));
  if (end === undefined) return value;
  const ended: OperationDocument = { ...value, ...end, endMs: api.clock.nowMs() };
  const outcome = await api.store.transact({ require: [{ key, revision }], put: [{ key, value: ended }] });
  return outcome.committed ? ended : ((await api.store.get<OperationDocument>(key))?.value ?? ended);
}

function status(operation: OperationDocument, form: StatusForm | "operationresults"): OperationStatus {
  const { operationId, startMs, endMs, error } = operation;
  return {
    id: `${operationFolder(operation, form)}/${operationId}`,
    name: operationId,
    status: operationOutcome(operation),
    startTime: new Date(startMs).toISOString(),
    endTime: endMs === null ? null : new Date(endMs).toISOString(),
    percentComplete: null,
    properties: null,
    error,
  };
}

/** Of Microsoft.Cache/redisEnterprise, what is not known is left out. */
function withoutNulls(body: OperationStatus): Partial<OperationStatus> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

function operationFolder(at: OperationPlace, form: string): string {
  return `/subscriptions/${at.subscription}/providers/Microsoft.Cache/locations/${at.location}/${form}`;
}
