/** `Microsoft.Cache/redis/patchSchedules`: when engines may be updated. A cache has one schedule, `default`, or none. */
import { cacheResourceId, LarderError, type Page, type PatchSchedule, parsePatchSchedule } from "@larder/api";
import type { Context, Hono } from "hono";
import type { CacheDocument } from "../documents/cache-document.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { readJsonBody } from "./json-body.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";
import { pathValue } from "./request-path.ts";

const schedules = `${oneCache}/patchschedules`;
const oneSchedule = `${schedules}/:schedule`;

export function patchSchedules(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const find = async (context: Context): Promise<CacheDocument> => {
    await api.groups.require(cachePlace(context).resourceGroup);
    return (await api.caches.require(cachePlace(context))).value;
  };

  app.get(schedules, async (context) => {
    const cache = await find(context);
    const page: Page<PatchSchedule> = { value: cache.patchSchedule.length === 0 ? [] : [scheduleBody(cache)] };
    return context.json(page);
  });

  app.get(oneSchedule, async (context) => {
    const cache = await find(context);
    requireDefault(context);
    if (cache.patchSchedule.length === 0)
      throw new LarderError("ResourceNotFound", `'${cache.name}' has no patch schedule.`);
    return context.json(scheduleBody(cache));
  });

  app.put(oneSchedule, async (context) => {
    const before = await find(context);
    requireDefault(context);
    const entries = parsePatchSchedule(await readJsonBody(context));
    const { value: cache } = await api.actions.setSchedule(cachePlace(context), entries);
    return context.json(scheduleBody(cache), before.patchSchedule.length === 0 ? 201 : 200);
  });

  app.delete(oneSchedule, async (context) => {
    const before = await find(context);
    requireDefault(context);
    if (before.patchSchedule.length === 0) return context.body(null, 204);
    await api.actions.setSchedule(cachePlace(context), []);
    return context.body(null, 200);
  });
}

function requireDefault(context: Context): void {
  const name = pathValue(context, "schedule");
  if (name.toLowerCase() === "default") return;
  throw new LarderError("ResourceNotFound", `A cache's patch schedule is named 'default'; there is no '${name}'.`);
}

function scheduleBody(cache: CacheDocument): PatchSchedule {
  return {
    id: `${cacheResourceId(cache)}/patchSchedules/default`,
    name: `${cache.name}/default`,
    type: "Microsoft.Cache/Redis/PatchSchedules",
    location: cache.location,
    properties: { scheduleEntries: cache.patchSchedule },
  };
}
