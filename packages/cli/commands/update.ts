/** `larder update NAME`: changes what is named, leaves the rest, and waits until it is in force. */
import type { RedisResource, RedisUpdateBody } from "@larder/api/redis-resource";
import {
  type LarderSwitches,
  parseConfiguration,
  parseLarderSettings,
  parsePairs,
  parseSku,
} from "../cache-arguments.ts";
import { findCache } from "../cache-lookup.ts";
import { formatCache } from "../cache-view.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";

export interface UpdateOptions extends CommonOptions, LarderSwitches {
  resourceGroup?: string;
  sku?: string;
  policy?: string;
  config?: string[];
  plainPort?: boolean;
  tag?: string[];
  untag?: string[];
}

export async function update(name: string, options: UpdateOptions): Promise<void> {
  const properties = propertiesOf(options);
  const hasTags = options.tag !== undefined || options.untag !== undefined;
  if (Object.keys(properties).length === 0 && !hasTags)
    throw new CommandError(
      "InvalidParameter",
      "Nothing to change was given.",
      "`larder update --help` shows what can change",
    );
  const { client, during, print, terminal } = openContext(options);
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  const body: RedisUpdateBody = { properties, ...(hasTags ? { tags: mergeTags(cache, options) } : {}) };
  const updated = await during(`Updating ${cache.name}`, () => client.updateCache(at, body));
  print(updated, () => `${terminal.colors.green("Updated")} ${formatCache(updated, terminal.colors)}`);
}

function propertiesOf(options: UpdateOptions): NonNullable<RedisUpdateBody["properties"]> {
  const redisConfiguration = parseConfiguration(options);
  const larder = parseLarderSettings(options);
  return {
    ...(options.sku === undefined ? {} : { sku: parseSku(options.sku) }),
    ...(redisConfiguration === undefined ? {} : { redisConfiguration }),
    ...(larder === undefined ? {} : { larder }),
    ...(options.plainPort === undefined ? {} : { enableNonSslPort: options.plainPort }),
  };
}

/** The API replaces the whole set, so that single tags are changed here. */
function mergeTags({ tags }: RedisResource, options: UpdateOptions): Record<string, string> {
  const merged = { ...tags, ...parsePairs("--tag", options.tag ?? []) };
  for (const name of options.untag ?? []) delete merged[name];
  return merged;
}
