/**
 * Backups, Larder's own.
 *
 *   PUT/GET/DELETE …/backupPolicies/default
 *   GET, POST …/backups                               POST makes one now
 *   GET, DELETE …/backups/{backup}
 *   POST …/backups/{backup}/restore|verify            transfers: long-running operations
 *   POST …/providers/Microsoft.Cache/redisBackups     what a storage holds, whoever made it
 *
 * A restore `from` a storage may be of a backup that this service does not know.
 */
import {
  isSameName,
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
import { beneathCaches, type CacheRoot, idOfCache } from "./cache-roots.ts";
import { begunResponse } from "./cache-transfers.ts";
import { readJsonBody } from "./json-body.ts";
import { pathValue } from "./request-path.ts";

const inStorage = "/subscriptions/:subscription/providers/microsoft.cache/redisbackups";

export const cacheBackups = beneathCaches((app, api, root) => {
  const allBackups = `${root.path}/backups`;
  const oneBackup = `${allBackups}/:backup`;
  const placeOf = (context: Context) => root.place(context, api);
  policies(app, api, root);

  app.get(allBackups, async (context) => context.json({ value: await api.backups.list(await placeOf(context)) }));

  app.post(allBackups, async (context) => {
    const place = await placeOf(context);
    const to = parseBackupNow(await readJsonBody(context), api.clock.nowMs());
    return context.json(await api.backups.makeNow(place, to), 202);
  });

  app.get(oneBackup, async (context) =>
    context.json(await api.backups.get(await placeOf(context), pathValue(context, "backup"))),
  );

  app.delete(oneBackup, async (context) => {
    await api.backups.remove(await placeOf(context), pathValue(context, "backup"));
    return context.body(null, 202);
  });

  app.post(`${oneBackup}/restore`, async (context) => {
    const place = await placeOf(context);
    const asked = parseBackupRestore(await readJsonBody(context));
    const into = asked.target === undefined ? place : await namedCache(api, place, asked.target);
    if (asked.target !== undefined) requireAlso(context, api, "POST", `${idOfCache(into)}/import`);
    const begun = await api.backups.restore(place, pathValue(context, "backup"), { into, from: asked.from });
    return begunResponse(context, root, place, begun);
  });

  app.post(`${oneBackup}/verify`, async (context) => {
    const place = await placeOf(context);
    return begunResponse(context, root, place, await api.backups.verify(place, pathValue(context, "backup")));
  });
});

export function storedBackups(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.post(inStorage, requireRedisVersion, async (context) => {
    const { location, cache } = parseBackupFind(await readJsonBody(context));
    return context.json({ value: await api.backups.findIn(location, cache) });
  });
}

function policies(app: Hono<ApiEnvironment>, api: ApiContext, root: CacheRoot): void {
  const onePolicy = `${root.path}/backuppolicies/:policy`;
  const placeOf = (context: Context) => root.place(context, api);

  app.get(onePolicy, async (context) => {
    const place = await placeOf(context);
    requireDefault(context);
    const policy = await api.backups.policy(place);
    if (policy === null) throw new LarderError("ResourceNotFound", `'${place.name}' has no schedule for backups.`);
    return context.json({ properties: policy });
  });

  app.put(onePolicy, async (context) => {
    const place = await placeOf(context);
    requireDefault(context);
    const schedule = parseBackupPolicy(await readJsonBody(context), api.clock.nowMs());
    const isNew = (await api.backups.policy(place)) === null;
    await api.backups.setPolicy(place, schedule);
    return context.json({ properties: await api.backups.policy(place) }, isNew ? 201 : 200);
  });

  app.delete(onePolicy, async (context) => {
    const place = await placeOf(context);
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

/** In the same group, of whichever provider. Of which one a cache of another group is, is not told. */
async function namedCache(api: ApiContext, { subscription, resourceGroup }: Place, name: string): Promise<Place> {
  const found = (await api.caches.find(name))?.value;
  const isHere = found !== undefined && isSameName(found.resourceGroup, resourceGroup);
  return { subscription, resourceGroup, name, provider: isHere ? found.provider : "redis" };
}
