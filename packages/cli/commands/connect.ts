/** `larder connect NAME`: where a cache is, and code that reaches it. */
import type { AccessKeys } from "@larder/api/redis-resource";
import { findCache } from "../cache-lookup.ts";
import { addressOf, type RunningCache, schemeOf, tlsEndpoint } from "../caches/any-cache.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { hostAndPort } from "../snippet/shell-quote.ts";
import { type SnippetName, snippetNames, snippets } from "../snippet/snippet.ts";
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
  const caPath = service.caPath;
  const document = documentOf(cache, keys, caPath);
  if (options.for === undefined) {
    print(document, () => formatConnection(cache, keys, caPath, terminal.colors));
    return;
  }
  const { code, shell } = snippets[options.for]({ ...tlsEndpoint(cache), key: keys.primaryKey, caPath });
  print({ ...document, for: options.for, code, shell }, () => (options.code ? code : shell));
}

function documentOf(cache: RunningCache, keys: AccessKeys, ca: string | null): Record<string, unknown> {
  const { name, byName, larder } = cache;
  return {
    name,
    ...larder.endpoint,
    url: `${schemeOf(cache)}://${addressOf(cache)}`,
    hostName: byName.host,
    sharedTlsPort: byName.port,
    ca,
    ...keys,
  };
}

function formatConnection(cache: RunningCache, keys: AccessKeys, caPath: string | null, colors: Colors): string {
  const { name, byName, larder, takesKeys } = cache;
  const { host, tlsPort, plainPort } = larder.endpoint;
  const scheme = schemeOf(cache);
  const refused = `${colors.yellow("off")}: clients log in with a token, as of \`larder token --resource redis\``;
  const rows = [
    ["URL", `${scheme}://${addressOf(cache)}`],
    ["By name", `${scheme}://${byName.host}:${byName.port}`],
    ...(plainPort === null || tlsPort === null
      ? []
      : [["Plain text", `redis://${hostAndPort({ host, tlsPort: plainPort })}`]]),
    ["Key", takesKeys ? keys.primaryKey : refused],
    ...(tlsPort === null || caPath === null ? [] : [["CA file", caPath]]),
  ].map(([label = "", value = ""]) => [`  ${colors.dim(label)}`, value]);
  const next = `${colors.dim("Code to paste:")} larder connect ${name} --for ${snippetNames.join("|")}\n`;
  return `${colors.bold(name)}\n\n${formatTable(rows)}${tlsPort === null ? "" : `\n${next}`}`;
}
