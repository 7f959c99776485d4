/** `larder update NAME`: changes what is named, leaves the rest, and waits until it is in force. */
import type { RedisResource, RedisUpdateBody } from "@larder/api/redis-resource";
import {
  type LarderSwitches,
  parseConfiguration,
  parseLarderSettings,
  parsePairs,
  parsePublicAccess,
  parseReplicas,
  parseSku,
  type Switch,
} from "../cache-arguments.ts";
import { findCache } from "../cache-lookup.ts";
import { formatCache } from "../cache-view.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";
import { hasTypedSecret } from "../storage-argument.ts";
import { warnOfSecret } from "../transfer-command.ts";

export interface UpdateOptions extends CommonOptions, LarderSwitches {
  resourceGroup?: string;
  sku?: string;
  replicas?: string;
  redisVersion?: string;
  policy?: string;
  config?: string[];
  plainPort?: boolean;
  accessKeys?: "on" | "off";
  tokens?: "on" | "off";
  publicAccess?: Switch;
  tag?: string[];
  untag?: string[];
}

export async function update(name: string, options: UpdateOptions): Promise<void> {
  const properties = propertiesOf(options, undefined);
  const hasTags = options.tag !== undefined || options.untag !== undefined;
  if (Object.keys(properties).length === 0 && !hasTags)
    throw new CommandError(
      "InvalidParameter",
      "Nothing to change was given.",
      "`larder update --help` shows what can change",
    );
  const context = openContext(options);
  const { client, during, print, terminal } = context;
  if (hasTypedSecret([options.persistTo ?? ""])) warnOfSecret(context);
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  const body: RedisUpdateBody = {
    properties: propertiesOf(options, cache),
    ...(hasTags ? { tags: mergeTags(cache, options) } : {}),
  };
  const updated = await during(`Updating ${cache.name}`, () => client.updateCache(at, body));
  print(updated, () => `${terminal.colors.green("Updated")} ${formatCache(updated, terminal.colors)}`);
}

/** Without a cache, only what is asked for. A size alone keeps the tier, where the tier has it. */
function propertiesOf(
  options: UpdateOptions,
  cache: RedisResource | undefined,
): NonNullable<RedisUpdateBody["properties"]> {
  const tier = cache?.properties.sku.name === "Standard" ? "Standard" : "Basic";
  const redisConfiguration = parseConfiguration(options);
  const larder = parseLarderSettings(options);
  return {
    ...(options.sku === undefined ? {} : { sku: parseSku(options.sku, tier) }),
    ...(options.replicas === undefined ? {} : { replicasPerPrimary: parseReplicas(options.replicas) }),
    ...(options.redisVersion === undefined ? {} : { redisVersion: options.redisVersion }),
    ...(redisConfiguration === undefined ? {} : { redisConfiguration }),
    ...(larder === undefined ? {} : { larder }),
    ...(options.plainPort === undefined ? {} : { enableNonSslPort: options.plainPort }),
    ...(options.accessKeys === undefined ? {} : { disableAccessKeyAuthentication: options.accessKeys === "off" }),
    ...parsePublicAccess(options.publicAccess),
  };
}

/** The API replaces the whole set, so that single tags are changed here. */
function mergeTags({ tags }: RedisResource, options: UpdateOptions): Record<string, string> {
  const merged = { ...tags, ...parsePairs("--tag", options.tag ?? []) };
  for (const name of options.untag ?? []) delete merged[name];
  return merged;
}
