/**
 * Tags as resources of their own: `{scope}/providers/Microsoft.Resources/tags/default`, where the scope is whatever has tags; and
 * `/subscriptions/{s}/tagNames`, which tags there are and how often.
 */
import { parseTags, parseTagsPatch, type TagsPatch } from "@larder/api";
import type { Context, Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { readJsonBody } from "./json-body.ts";
import { allResources } from "./resource-list.ts";
import { subscriptionTags, type Tagged, type Tags, taggedKinds } from "./tagged.ts";

export function tagRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const tagged of taggedKinds(api)) tagsOf(app, tagged);
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
