/** `…/redis/{name}/listUpgradeNotifications?history={minutes}`: updates of the cache's engine in the last minutes, from its history. */
import { type CacheEvent, LarderError } from "@larder/api";
import type { Context, Hono } from "hono";
import { cacheEventsPrefix } from "../documents/document-keys.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { pageOf } from "./paging.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";

const minuteMs = 60_000;

export function upgradeNotifications(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get(`${oneCache}/listupgradenotifications`, async (context) => {
    const historyMs = historyOf(context);
    await api.groups.require(cachePlace(context).resourceGroup);
    const { cacheId } = (await api.caches.require(cachePlace(context))).value;
    const { documents } = await api.store.list<CacheEvent>(cacheEventsPrefix(cacheId));
    const isRecent = ({ time, kind }: CacheEvent) =>
      kind === "update" && Date.parse(time) >= api.clock.nowMs() - historyMs;
    const updates = documents.filter(({ value }) => isRecent(value));
    return context.json(
      pageOf(context, updates, { nameOf: ({ key }) => key, bodyOf: ({ value }) => notification(value) }),
    );
  });
}

function notification({ number, time, cause, text }: CacheEvent) {
  return { name: `update-${number}`, timestamp: time, upsellNotification: { cause, text } };
}

/** Throws InvalidParameter. */
function historyOf(context: Context): number {
  const text = context.req.query("history") ?? "";
  const minutes = Number(text);
  if (text !== "" && Number.isFinite(minutes) && minutes >= 0) return minutes * minuteMs;
  throw new LarderError("InvalidParameter", "'history' is required: how many minutes to look back.", {
    target: "history",
  });
}
