/**
 * Backups, Larder's own.
 *
 *   PUT/GET/DELETE …/redis/{name}/backupPolicies/default
 *   GET, POST …/redis/{name}/backups                        POST makes one now
 *   GET, DELETE …/redis/{name}/backups/{backup}
 *   POST …/redis/{name}/backups/{backup}/restore|verify     transfers: long-running operations
 *   POST …/providers/Microsoft.Cache/redisBackups           what a storage holds, whoever made it
 *
 * A restore `from` a storage may be of a backup that this service does not know.
 */
import {
  cacheResourceId,
  LarderError,
  parseBackupFind,
  parseBackupNow,
  parseBackupPolicy,
  parseBackupRestore,
} from "@larder/api";
import type { Context, Hono } from "hono";
import type { Place } from "../caches/caches.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireRedisVersion } from "./api-versions.ts";
import { requireAlso } from "./authorization.ts";
import { readJsonBody } from "./json-body.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";
import { begunResponse } from "./redis-transfers.ts";
import { pathValue } from "./request-path.ts";

const onePolicy = `${oneCache}/backuppolicies/:policy`;
const allBackups = `${oneCache}/backups`;
const oneBackup = `${allBackups}/:backup`;
const inStorage = "/subscriptions/:subscription/providers/microsoft.cache/redisbackups";

export function redisBackups(app: Hono<ApiEnvironment>, api: ApiContext): void {
  policies(app, api);

  app.get(allBackups, async (context) => context.json({ value: await api.backups.list(await placeOf(context, api)) }));

  app.post(allBackups, async (context) => {
    const place = await placeOf(context, api);
    const to = parseBackupNow(await readJsonBody(context), api.clock.nowMs());
    return context.json(await api.backups.makeNow(place, to), 202);
  });

  app.get(oneBackup, async (context) =>
    context.json(await api.backups.get(await placeOf(context, api), pathValue(context, "backup"))),
  );

  app.delete(oneBackup, async (context) => {
    await api.backups.remove(await placeOf(context, api), pathValue(context, "backup"));
    return context.body(null, 202);
  });

  app.post(`${oneBackup}/restore`, async (context) => {
    const place = await placeOf(context, api);
    const asked = parseBackupRestore(await readJsonBody(context));
    if (asked.target !== undefined)
      requireAlso(context, api, "POST", `${cacheResourceId({ ...place, name: asked.target })}/import`);
    return begunResponse(context, await api.backups.restore(place, pathValue(context, "backup"), asked));
  });

  app.post(`${oneBackup}/verify`, async (context) =>
    begunResponse(context, await api.backups.verify(await placeOf(context, api), pathValue(context, "backup"))),
  );

  app.post(inStorage, requireRedisVersion, async (context) => {
    const { location, cache } = parseBackupFind(await readJsonBody(context));
    return context.json({ value: await api.backups.findIn(location, cache) });
  });
}

function policies(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get(onePolicy, async (context) => {
    const place = await placeOf(context, api);
    requireDefault(context);
    const policy = await api.backups.policy(place);
    if (policy === null) throw new LarderError("ResourceNotFound", `'${place.name}' has no schedule for backups.`);
    return context.json({ properties: policy });
  });

  app.put(onePolicy, async (context) => {
    const place = await placeOf(context, api);
    requireDefault(context);
    const schedule = parseBackupPolicy(await readJsonBody(context), api.clock.nowMs());
    const isNew = (await api.backups.policy(place)) === null;
    await api.backups.setPolicy(place, schedule);
    return context.json({ properties: await api.backups.policy(place) }, isNew ? 201 : 200);
  });

  app.delete(onePolicy, async (context) => {
    const place = await placeOf(context, api);
    requireDefault(context);
    if ((await api.backups.policy(place)) === null) return context.body(null, 204);
    await api.backups.setPolicy(place, null);
    return context.body(null, 200);
  });
}

function requireDefault(context: Context): void {
  const name = pathValue(context, "policy");
  if (name.toLowerCase() === "default") return;
  throw new LarderError("ResourceNotFound", `A cache's backup policy is named 'default'; there is no '${name}'.`);
}

async function placeOf(context: Context, api: ApiContext): Promise<Place> {
  const place = cachePlace(context);
  await api.groups.require(place.resourceGroup);
  return place;
}
