/**
 * What goes into a cache and comes out of it.
 *
 *   POST …/redis/{name}/import|export                               as Azure has them: long-running operations
 *   POST …/redis/{name}/migrate|reverse|compare                     Larder's own, answered likewise
 *   GET  …/redis/{name}/transfers[/{id}]                            Larder's own
 *   POST …/redis/{name}/transfers/{id}/cancel|pause|resume|cutover
 *
 * The answer to what begins a transfer names it in `x-larder-transfer`.
 */
import { parseCompare, parseExport, parseImport, parseMigrate, parseReverse, transferHeader } from "@larder/api";
import type { Context, Hono } from "hono";
import type { Place } from "../caches/caches.ts";
import type { TransferRequest } from "../transfers/transfers.ts";
import { transferWishes } from "../transfers/wish-rules.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { readJsonBody } from "./json-body.ts";
import { operationUrl } from "./operations.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";
import { pathValue } from "./request-path.ts";
import { transferBody } from "./transfer-body.ts";

export function redisTransfers(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const parses: Record<
    string,
    (body: unknown, nowMs: number, place: Place) => TransferRequest | Promise<TransferRequest>
  > = {
    import: parseImport,
    export: parseExport,
    migrate: parseMigrate,
    reverse: async (body, _, place) => parseReverse(body, await api.transfers.lastMigration(place)),
    compare: parseCompare,
  };
  for (const [path, parse] of Object.entries(parses))
    app.post(`${oneCache}/${path}`, async (context) => {
      const place = await placeOf(context, api);
      return begun(context, api, place, await parse(await readJsonBody(context), api.clock.nowMs(), place));
    });

  app.get(`${oneCache}/transfers`, async (context) => {
    const seen = await api.transfers.list(await placeOf(context, api));
    return context.json({ value: seen.map(transferBody) });
  });

  app.get(`${oneCache}/transfers/:transfer`, async (context) => {
    const place = await placeOf(context, api);
    return context.json(transferBody(await api.transfers.get(place, pathValue(context, "transfer"))));
  });

  app.post(`${oneCache}/transfers/:transfer/cancel`, async (context) => {
    const place = await placeOf(context, api);
    return context.json(transferBody(await api.transfers.cancel(place, pathValue(context, "transfer"))));
  });

  for (const wish of transferWishes)
    app.post(`${oneCache}/transfers/:transfer/${wish}`, async (context) => {
      const place = await placeOf(context, api);
      return context.json(transferBody(await api.transfers.wish(place, pathValue(context, "transfer"), wish)));
    });
}

async function begun(context: Context, api: ApiContext, place: Place, asked: TransferRequest): Promise<Response> {
  return begunResponse(context, await api.transfers.begin(place, asked));
}

/** What begins a transfer answers. */
export function begunResponse(
  context: Context,
  { transfer, operation }: Awaited<ReturnType<ApiContext["transfers"]["begin"]>>,
): Response {
  context.header("azure-asyncoperation", operationUrl(context, operation, "asyncOperations"));
  context.header("location", operationUrl(context, operation, "operationresults"));
  context.header("retry-after", "1");
  context.header(transferHeader, transfer.transferId);
  return context.body(null, 202);
}

async function placeOf(context: Context, api: ApiContext) {
  const place = cachePlace(context);
  await api.groups.require(place.resourceGroup);
  return place;
}
