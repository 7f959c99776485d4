/** A cache as people read it. Pure. */
import type { LarderNode, LarderProperties, RedisResource } from "@larder/api/redis-resource";
import { sizeName } from "@larder/api/skus";
import { formatLogins } from "./access-view.ts";
import { resourceGroupOf } from "./cache-lookup.ts";
import { formatPersistence } from "./persistence-view.ts";
import { hostAndPort } from "./snippet/shell-quote.ts";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";
import { formatBytes } from "./units.ts";

export function formatSize({ properties }: RedisResource): string {
  return `${properties.sku.name} ${sizeName(properties.sku)}`;
}

/** What it is doing while it changes; else whether it can be used. */
export function formatState({ properties }: RedisResource, colors: Colors): string {
  const { provisioningState, larder } = properties;
  if (provisioningState === "Failed") return colors.red("failed");
  if (provisioningState !== "Succeeded") return colors.yellow(provisioningState.toLowerCase());
  return larder.state === "available" ? colors.green("available") : colors.red("unavailable");
}

export function formatAddress({ properties }: RedisResource): string {
  return hostAndPort(properties.larder.endpoint);
}

export function formatMemory({ properties: { larder } }: RedisResource): string {
  const most = formatBytes(larder.memoryBytesMax);
  return larder.memoryBytesUsed === null ? most : `${formatBytes(larder.memoryBytesUsed)} of ${most}`;
}

export function formatEngine({ properties: { larder } }: RedisResource): string {
  if (larder.engine === null) return "-";
  const { name, version, kind } = larder.engine;
  return `${name} ${version}${kind === "embedded" ? " (embedded)" : ""}`;
}

/** "shop-1f7f5294  replica, in sync  127.0.0.2": hosts and engines are named where nodes differ in them. */
function formatNode(node: LarderNode, nodes: readonly LarderNode[], colors: Colors): string {
  const { id, address, engine } = node;
  const differ = (of: (one: LarderNode) => unknown) => new Set(nodes.map((one) => JSON.stringify(of(one)))).size > 1;
  const host = differ((one) => one.address) ? [address ?? ""] : [];
  const version = differ((one) => one.engine) && engine !== null ? [`${engine.name} ${engine.version}`] : [];
  return [id, formatRole(node, colors), ...host, ...version].join("  ");
}

function formatRole({ state, role, inSync, lagBytes }: LarderNode, colors: Colors): string {
  if (state !== "running") return colors.red(state);
  if (role !== "replica") return role ?? colors.yellow("waiting to join");
  const behind = lagBytes === null || lagBytes === 0 ? "" : `, ${formatBytes(lagBytes)} behind`;
  return `replica, ${inSync ? colors.green("in sync") : colors.yellow("copying")}${behind}`;
}

/** What the replicas are for. */
function formatReplication({ durableWrites, replicaReads }: LarderProperties): [string, string][] {
  return [
    ["Durable writes", durableWrites ? "on" : "off"],
    ["Replica reads", replicaReads ? "on" : "off"],
  ];
}

export function formatCacheTable(caches: readonly RedisResource[], colors: Colors): string {
  const groups = new Set(caches.map(resourceGroupOf));
  const heading = ["NAME", "SIZE", "STATE", "MEMORY", "CLIENTS", "ADDRESS", ...(groups.size > 1 ? ["GROUP"] : [])];
  const rows = caches.map((cache) => [
    colors.bold(cache.name),
    formatSize(cache),
    formatState(cache, colors),
    formatMemory(cache),
    String(cache.properties.larder.clientsConnected ?? "-"),
    formatAddress(cache),
    ...(groups.size > 1 ? [resourceGroupOf(cache)] : []),
  ]);
  return formatTable([heading.map((text) => colors.dim(text)), ...rows]);
}

/** Everything about one cache. `backups`: how it is backed up. */
export function formatCache(cache: RedisResource, colors: Colors, backups: string | null = null): string {
  const { properties } = cache;
  const { larder } = properties;
  const pairs = (values: Record<string, string>) =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}`)
      .join("  ") || "-";
  const rows: [string, string][] = [
    ["State", formatState(cache, colors)],
    ...(larder.problem === null ? [] : [["Problem", larder.problem.message] as [string, string]]),
    ...(larder.underWay === null ? [] : [["Under way", larder.underWay] as [string, string]]),
    ["Size", formatSize(cache)],
    ["Memory", formatMemory(cache)],
    ["Clients", String(larder.clientsConnected ?? "-")],
    ["Engine", formatEngine(cache)],
    ...(larder.nodes.length < 2
      ? []
      : larder.nodes.map((node) => ["Node", formatNode(node, larder.nodes, colors)] as [string, string])),
    ...(larder.nodes.length < 2 ? [] : formatReplication(larder)),
    ...(larder.persistence === null ? [] : formatPersistence(larder.persistence, colors)),
    ...(backups === null ? [] : [["Backups", backups] as [string, string]]),
    ["Address", `rediss://${formatAddress(cache)}`],
    ["By name", `rediss://${properties.hostName}:${properties.sslPort}`],
    ["Plain port", larder.endpoint.plainPort === null ? "closed" : String(larder.endpoint.plainPort)],
    ["Public access", properties.publicNetworkAccess === "Disabled" ? colors.yellow("off") : "on"],
    ["Minimum TLS", properties.minimumTlsVersion],
    ...formatLogins(cache),
    ["Settings", pairs(properties.redisConfiguration)],
    ["Tags", pairs(cache.tags)],
    ["Group", resourceGroupOf(cache)],
    ["Location", cache.location],
  ];
  return `${colors.bold(cache.name)}\n\n${formatTable(rows.map(([label, value]) => [`  ${colors.dim(label)}`, value]))}`;
}
