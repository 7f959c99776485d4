/**
 * What goes into a cache and comes out of it.
 *
 *   POST …/import|export                               as Azure has them: long-running operations
 *   POST …/migrate|reverse|compare                     Larder's own, answered likewise
 *   GET  …/transfers[/{id}]                            Larder's own
 *   POST …/transfers/{id}/cancel|pause|resume|cutover
 *
 * A database of `Microsoft.Cache/redisEnterprise` takes imports and exports in the form that they have there, too.
 *
 * The answer to what begins a transfer names it in `x-larder-transfer`.
 */
import { parseCompare, parseMigrate, parseReverse, transferHeader } from "@larder/api";
import type { Context } from "hono";
import type { Place } from "../caches/caches.ts";
import type { TransferRequest } from "../transfers/transfers.ts";
import { transferWishes } from "../transfers/wish-rules.ts";
import type { ApiContext } from "./api-context.ts";
import { beneathCaches, type CacheRoot } from "./cache-roots.ts";
import { readJsonBody } from "./json-body.ts";
import { pathValue } from "./request-path.ts";
import { transferBody } from "./transfer-body.ts";

export const cacheTransfers = beneathCaches((app, api, root) => {
  const placeOf = (context: Context) => root.place(context, api);
  const parses: Record<
    string,
    (body: unknown, nowMs: number, place: Place) => TransferRequest | Promise<TransferRequest>
  > = {
    import: root.parseImport,
    export: root.parseExport,
    migrate: parseMigrate,
    reverse: async (body, _, place) => parseReverse(body, await api.transfers.lastMigration(place)),
    compare: parseCompare,
  };
  for (const [path, parse] of Object.entries(parses))
    app.post(`${root.path}/${path}`, async (context) => {
      const place = await placeOf(context);
      const asked = await parse(await readJsonBody(context), api.clock.nowMs(), place);
      return begunResponse(context, root, place, await api.transfers.begin(place, asked));
    });

  app.get(`${root.path}/transfers`, async (context) => {
    const seen = await api.transfers.list(await placeOf(context));
    return context.json({ value: seen.map(transferBody) });
  });

  app.get(`${root.path}/transfers/:transfer`, async (context) => {
    const place = await placeOf(context);
    return context.json(transferBody(await api.transfers.get(place, pathValue(context, "transfer"))));
  });

  app.post(`${root.path}/transfers/:transfer/cancel`, async (context) => {
    const place = await placeOf(context);
    return context.json(transferBody(await api.transfers.cancel(place, pathValue(context, "transfer"))));
  });

  for (const wish of transferWishes)
    app.post(`${root.path}/transfers/:transfer/${wish}`, async (context) => {
      const place = await placeOf(context);
      return context.json(transferBody(await api.transfers.wish(place, pathValue(context, "transfer"), wish)));
    });
});

/** What begins a transfer answers. */
export function begunResponse(
  context: Context,
  root: CacheRoot,
  place: Place,
  { transfer, operation }: Awaited<ReturnType<ApiContext["transfers"]["begin"]>>,
): Response {
  context.header(transferHeader, transfer.transferId);
  return root.accepted(context, place, operation);
}
