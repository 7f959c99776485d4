/**
 * The two paths at which a cache is: as a resource of `Microsoft.Cache/redis`, and as the database of a cluster. What is done with a
 * cache's data, and what Larder adds (history, backups, updates, changes of the primary), is beneath both; what differs is here.
 */
import {
  type CacheProvider,
  cacheResourceId,
  databaseResourceId,
  isSameName,
  LarderError,
  parseEnterpriseExport,
  parseEnterpriseImport,
  parseExport,
  parseImport,
} from "@larder/api";
import type { Context, Hono } from "hono";
import type { Place } from "../caches/caches.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import type { TransferRequest } from "../transfers/transfers.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { accepted } from "./enterprise-answers.ts";
import { databasePlace, oneDatabase } from "./enterprise-paths.ts";
import { operationUrl } from "./operations.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";

export interface CacheRoot {
  path: string;
  /** What a call's path names. Throws ResourceGroupNotFound. */
  place(context: Context, api: ApiContext): Promise<Place>;
  /** 202, and where the operation is polled. */
  accepted(context: Context, place: Place, operation: OperationDocument): Response;
  parseImport(body: unknown, nowMs: number): TransferRequest;
  parseExport(body: unknown, nowMs: number, place: Place): TransferRequest;
  /** What a flush cannot be asked for. */
  refuseFlush?(body: unknown, place: Place): void;
}

const redisRoot: CacheRoot = {
  path: oneCache,
  async place(context, api) {
    const place = cachePlace(context);
    await api.groups.require(place.resourceGroup);
    return place;
  },
  accepted(context, _, operation) {
    context.header("azure-asyncoperation", operationUrl(context, operation, "asyncOperations"));
    context.header("location", operationUrl(context, operation, "operationresults"));
    context.header("retry-after", "1");
    return context.body(null, 202);
  },
  parseImport,
  parseExport,
};

const databaseRoot: CacheRoot = {
  path: oneDatabase,
  place: databasePlace,
  accepted: (context, place, operation) => accepted(context, { ...place, ...operation }),
  parseImport: parseEnterpriseImport,
  parseExport: (body, nowMs, place) => parseEnterpriseExport(body, exportPrefix(place, nowMs), nowMs),
  refuseFlush: refuseOthers,
};

const idsOf: Record<CacheProvider, (place: Place) => string> = {
  redis: cacheResourceId,
  enterprise: databaseResourceId,
};

/** Routes that are the same for every cache. */
export function beneathCaches(routes: (app: Hono<ApiEnvironment>, api: ApiContext, root: CacheRoot) => void) {
  return (app: Hono<ApiEnvironment>, api: ApiContext): void => {
    for (const root of [redisRoot, databaseRoot]) routes(app, api, root);
  };
}

/** The id of a cache, of either provider. */
export function idOfCache(place: Place): string {
  return idsOf[place.provider ?? "redis"](place);
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
