/**
 * Tags as resources of their own: `{scope}/providers/Microsoft.Resources/tags/default`, where the scope is the subscription, a group or
 * a cache; and `/subscriptions/{s}/tagNames`, which tags there are and how often. Tags change while a cache is busy.
 */
import { cacheResourceId, LarderError, parseTags, parseTagsPatch, resourceGroupId, type TagsPatch } from "@larder/api";
import type { Context, Hono } from "hono";
import { serviceKey } from "../documents/document-keys.ts";
import { retagService, type ServiceDocument } from "../documents/service-document.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { readJsonBody } from "./json-body.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";
import { pathValue } from "./request-path.ts";
import { allResources } from "./resource-list.ts";

type Tags = Record<string, string>;

/** What has tags. */
interface Tagged {
  path: string;
  /** Its id, and the tags that it has. Throws where it does not exist. */
  read(context: Context): Promise<{ id: string; tags: Tags }>;
  /** Returns what it has then. */
  change(context: Context, change: (tags: Tags) => Tags): Promise<Tags>;
}

export function tagRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const tagged of [ofSubscription(api), ofGroup(api), ofCache(api)]) tagsOf(app, tagged);
  app.get("/subscriptions/:subscription/tagnames", requireResourcesVersion, async (context) => {
    const resources = await allResources(api);
    const all = [...resources, ...(await api.groups.all()), { tags: await subscriptionTags(api) }];
    return context.json({
      value: tagNames(
        `/subscriptions/${api.subscription}`,
        all.map(({ tags }) => tags),
      ),
    });
  });
}

function tagsOf(app: Hono<ApiEnvironment>, { path, read, change }: Tagged): void {
  const tags = `${path}/providers/microsoft.resources/tags/default`;
  const answer = async (context: Context, become: (before: Tags) => Tags) => {
    const { id } = await read(context);
    return context.json(tagsBody(id, await change(context, become)));
  };
  app.get(tags, requireResourcesVersion, async (context) => {
    const { id, tags: present } = await read(context);
    return context.json(tagsBody(id, present));
  });
  app.put(tags, requireResourcesVersion, async (context) => {
    const asked = parseTags(await readJsonBody(context));
    return answer(context, () => asked);
  });
  app.patch(tags, requireResourcesVersion, async (context) => {
    const asked = parseTagsPatch(await readJsonBody(context));
    return answer(context, (before) => patched(before, asked));
  });
  app.delete(tags, requireResourcesVersion, async (context) => {
    await read(context);
    await change(context, () => ({}));
    return context.body(null, 200);
  });
}

function tagsBody(scope: string, tags: Tags) {
  const id = `${scope}/providers/Microsoft.Resources/tags/default`;
  return { id, name: "default", type: "Microsoft.Resources/tags", properties: { tags } };
}

/** Names compare without case. Delete takes away only what has the value that is named, too. Throws InvalidParameter. */
function patched(before: Tags, { operation, tags }: TagsPatch): Tags {
  if (operation === "Replace") return tags;
  const named = new Map(Object.entries(tags).map(([name, value]) => [name.toLowerCase(), value]));
  const isNamed = ([name, value]: [string, string]) =>
    named.has(name.toLowerCase()) && (operation === "Merge" || named.get(name.toLowerCase()) === value);
  const kept = Object.fromEntries(Object.entries(before).filter((tag) => !isNamed(tag)));
  return operation === "Delete" ? kept : parseTags({ properties: { tags: { ...kept, ...tags } } });
}

function ofCache(api: ApiContext): Tagged {
  const require = async (context: Context) => {
    await api.groups.require(pathValue(context, "group"));
    return (await api.caches.require(cachePlace(context))).value;
  };
  return {
    path: oneCache,
    async read(context) {
      const cache = await require(context);
      return { id: cacheResourceId(cache), tags: cache.tags };
    },
    async change(context, change) {
      const { value } = await api.actions.change(cachePlace(context), (cache) => ({
        cache: { ...cache, tags: change(cache.tags), version: cache.version + 1 },
      }));
      return value.tags;
    },
  };
}

function ofGroup(api: ApiContext): Tagged {
  return {
    path: "/subscriptions/:subscription/resourcegroups/:group",
    async read(context) {
      const { value: group } = await api.groups.require(pathValue(context, "group"));
      return { id: resourceGroupId(group.subscription, group.name), tags: group.tags };
    },
    async change(context, change) {
      const name = pathValue(context, "group");
      const { value: group } = await api.groups.require(name);
      return (await api.groups.retag(name, change(group.tags))).tags;
    },
  };
}

function ofSubscription(api: ApiContext): Tagged {
  return {
    path: "/subscriptions/:subscription",
    read: async () => ({ id: `/subscriptions/${api.subscription}`, tags: await subscriptionTags(api) }),
    async change(_, change) {
      const tags = await retagService(api.store, change);
      if (tags === undefined)
        throw new LarderError("Conflict", "The subscription's tags were changed at the same moment; try again.");
      return tags;
    },
  };
}

async function subscriptionTags(api: ApiContext): Promise<Tags> {
  return (await api.store.get<ServiceDocument>(serviceKey))?.value.tags ?? {};
}

function tagNames(subscriptionPath: string, tagSets: readonly Tags[]) {
  const counts = new Map<string, Map<string, number>>();
  for (const [name, value] of tagSets.flatMap((tags) => Object.entries(tags))) {
    const values = counts.get(name) ?? new Map<string, number>();
    counts.set(name, values.set(value, (values.get(value) ?? 0) + 1));
  }
  const count = (value: number) => ({ type: "Total", value });
  return [...counts].map(([tagName, values]) => ({
    id: `${subscriptionPath}/tagNames/${tagName}`,
    tagName,
    count: count([...values.values()].reduce((sum, each) => sum + each, 0)),
    values: [...values].map(([tagValue, times]) => ({
      id: `${subscriptionPath}/tagNames/${tagName}/tagValues/${tagValue}`,
      tagValue,
      count: count(times),
    })),
  }));
}
