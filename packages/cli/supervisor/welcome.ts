/** What `larder up` prints once it is ready: how to connect, so that every line works when it is copied. Pure. */
import type { ConnectionFile } from "@larder/api/connection-file";
import { skuText } from "@larder/api/skus";
import { type AnyCache, type RunningCache, tlsEndpoint } from "../caches/any-cache.ts";
import { nodeRedisSnippet } from "../snippet/node-redis.ts";
import { redisCliSnippet } from "../snippet/redis-cli.ts";
import { hostAndPort } from "../snippet/shell-quote.ts";
import type { SnippetTarget } from "../snippet/snippet.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";
import { formatBytes, formatDuration } from "../units.ts";

export interface WelcomeFacts {
  connection: ConnectionFile;
  dataDirectory: string;
  caches: AnyCache[];
  unavailable: AnyCache[];
  /** The cache that the examples use, with its key. */
  shown: { cache: RunningCache; key: string } | undefined;
  readyAfterMs: number;
  /** How `larder` is called from here. */
  command: string;
}

export function formatWelcome(facts: WelcomeFacts, colors: Colors): string {
  const parts = [
    `${colors.green(colors.bold("Larder is ready"))} ${colors.dim(`(${formatDuration(facts.readyAfterMs)})`)}\n`,
    formatService(facts, colors),
    ...embeddedNotice(facts, colors),
    ...facts.unavailable.map((cache) => formatUnavailable(cache, colors)),
    ...formatShownCache(facts, colors),
    formatFarewell(facts, colors),
  ];
  return `\n${parts.join("\n")}\n`;
}

function formatService({ connection, dataDirectory }: WelcomeFacts, colors: Colors): string {
  return labelled(
    [
      ["API", connection.api],
      ["Token", `${dataDirectory}/controller/admin-token`],
      ["CA file", connection.ca],
      ["Logs", `${dataDirectory}/logs`],
    ],
    colors,
  );
}

function formatShownCache({ shown, connection }: WelcomeFacts, colors: Colors): string[] {
  if (shown === undefined) return [];
  const { cache, key } = shown;
  const { sku, larder } = cache;
  const target: SnippetTarget = { ...tlsEndpoint(cache), key, caPath: connection.ca };
  const size = `${skuText(sku)}, ${formatBytes(larder.memoryBytesMax)}`;
  const engine = larder.engine === null ? "" : `, ${larder.engine.name} ${larder.engine.version}`;
  const heading = (text: string, note: string) => `${colors.bold(text)} ${colors.dim(note)}\n`;
  return [
    heading(`Cache ${cache.name}`, `(${size}${engine})`) +
      labelled(
        [
          ["URL", `rediss://${hostAndPort(target)}`],
          ["Key", key],
        ],
        colors,
      ),
    heading("redis-cli", "") + redisCliSnippet(target).shell,
    heading("Node", "(paste it where the npm package redis is installed, as it is here)") +
      nodeRedisSnippet(target).shell,
  ];
}

function labelled(rows: [string, string][], colors: Colors): string {
  return formatTable(rows.map(([label, value]) => [`  ${colors.dim(label.padEnd(7))}`, value]));
}

/** The embedded engine is for development; nobody should find out later. */
function embeddedNotice({ caches }: WelcomeFacts, colors: Colors): string[] {
  const embedded = caches.find(({ larder }) => larder?.engine?.kind === "embedded");
  if (embedded === undefined) return [];
  const version = embedded.larder?.engine?.version ?? "";
  return [
    `${colors.yellow("Embedded engine")} (Valkey ${version} in WebAssembly): Basic caches of one node, for development only.\n` +
      `${colors.dim("For the native engine install Valkey (apt install valkey-server, brew install valkey) and start again.")}\n`,
  ];
}

function formatUnavailable({ name, larder }: AnyCache, colors: Colors): string {
  const reason = larder?.problem?.message ?? "it does not answer yet";
  return `${colors.yellow(`Cache ${name} is not available:`)} ${reason}\n`;
}

function formatFarewell({ caches, shown, command }: WelcomeFacts, colors: Colors): string {
  const next = shown === undefined ? ["create NAME"] : ["status", "list", `console ${shown.cache.name}`];
  const more = caches.length > 1 ? ` There are ${caches.length} caches.` : "";
  return `${colors.dim(`Next: ${next.map((words) => `${command} ${words}`).join(" · ")}`)}\n${colors.dim(`Ctrl-C stops the service.${more}`)}\n`;
}
