/** `larder connect NAME`: where a cache is, and code that reaches it. */
import type { AccessKeys, RedisResource } from "@larder/api/redis-resource";
import { findCache } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { hostAndPort } from "../snippet/shell-quote.ts";
import { type SnippetName, type SnippetTarget, snippetNames, snippets } from "../snippet/snippet.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";

export interface ConnectOptions extends CommonOptions {
  resourceGroup?: string;
  for?: SnippetName;
  code?: boolean;
}

export async function connect(name: string, options: ConnectOptions): Promise<void> {
  const { client, service, print, terminal } = openContext(options);
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  const keys = await client.listKeys(at);
  const { host, tlsPort } = cache.properties.larder.endpoint;
  const target: SnippetTarget = { host, tlsPort, key: keys.primaryKey, caPath: service.caPath };
  if (options.for === undefined) {
    print(documentOf(cache, target, keys), () => formatConnection(cache, target, terminal.colors));
    return;
  }
  const { code, shell } = snippets[options.for](target);
  print({ ...documentOf(cache, target, keys), for: options.for, code, shell }, () => (options.code ? code : shell));
}

function documentOf(
  { name, properties }: RedisResource,
  target: SnippetTarget,
  keys: AccessKeys,
): Record<string, unknown> {
  return {
    name,
    host: target.host,
    tlsPort: target.tlsPort,
    plainPort: properties.larder.endpoint.plainPort,
    url: `rediss://${hostAndPort(target)}`,
    hostName: properties.hostName,
    sharedTlsPort: properties.sslPort,
    ca: target.caPath,
    ...keys,
  };
}

function formatConnection({ name, properties }: RedisResource, target: SnippetTarget, colors: Colors): string {
  const { plainPort } = properties.larder.endpoint;
  const rows = [
    ["URL", `rediss://${hostAndPort(target)}`],
    ["By name", `rediss://${properties.hostName}:${properties.sslPort}`],
    ...(plainPort === null
      ? []
      : [["Plain text", `redis://${hostAndPort({ host: target.host, tlsPort: plainPort })}`]]),
    ["Key", target.key],
    ...(target.caPath === null ? [] : [["CA file", target.caPath]]),
  ].map(([label = "", value = ""]) => [`  ${colors.dim(label)}`, value]);
  return (
    `${colors.bold(name)}\n\n${formatTable(rows)}\n` +
    `${colors.dim("Code to paste:")} larder connect ${name} --for ${snippetNames.join("|")}\n`
  );
}
