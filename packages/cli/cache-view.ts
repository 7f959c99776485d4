/** A cache as people read it. Pure. */
import type { LarderNode } from "@larder/api/redis-resource";
import { skuText } from "@larder/api/skus";
import { formatLogins } from "./access-view.ts";
import { formatPairs } from "./cache-arguments.ts";
import {
  type AnyCache,
  addressOf,
  isRunning,
  type RunningCache,
  type RunningProperties,
  schemeOf,
} from "./caches/any-cache.ts";
import { formatPersistence } from "./persistence-view.ts";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";
import { formatBytes } from "./units.ts";

/** What it is doing while it changes; else whether it can be used. */
export function formatState({ provisioningState, larder }: AnyCache, colors: Colors): string {
  if (provisioningState === "Failed") return colors.red("failed");
  if (provisioningState !== "Succeeded") return colors.yellow(provisioningState.toLowerCase());
  if (larder === null) return colors.yellow("no database");
  return larder.state === "available" ? colors.green("available") : colors.red("unavailable");
}

export function formatMemory({ larder }: RunningCache): string {
  const most = formatBytes(larder.memoryBytesMax);
  return larder.memoryBytesUsed === null ? most : `${formatBytes(larder.memoryBytesUsed)} of ${most}`;
}

export function formatEngine({ larder }: RunningCache): string {
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
function formatReplication({ durableWrites, replicaReads }: RunningProperties): [string, string][] {
  return [
    ["Durable writes", durableWrites ? "on" : "off"],
    ["Replica reads", replicaReads ? "on" : "off"],
  ];
}

/** The columns TYPE and GROUP are there where they tell something apart. */
export function formatCacheTable(caches: readonly AnyCache[], colors: Colors): string {
  const differ = (of: (cache: AnyCache) => string) => new Set(caches.map(of)).size > 1;
  const [hasTypes, hasGroups] = [differ(({ type }) => type), differ(({ at }) => at.resourceGroup)];
  const only = (isShown: boolean, cell: string) => (isShown ? [cell] : []);
  const heading = [
    "NAME",
    ...only(hasTypes, "TYPE"),
    ...["SIZE", "STATE", "MEMORY", "CLIENTS", "ADDRESS"],
    ...only(hasGroups, "GROUP"),
  ];
  const rows = caches.map((cache) => [
    colors.bold(cache.name),
    ...only(hasTypes, cache.type),
    skuText(cache.sku),
    formatState(cache, colors),
    ...(isRunning(cache)
      ? [formatMemory(cache), String(cache.larder.clientsConnected ?? "-"), addressOf(cache)]
      : ["-", "-", "-"]),
    ...only(hasGroups, cache.at.resourceGroup),
  ]);
  return formatTable([heading.map((text) => colors.dim(text)), ...rows]);
}

/** Everything about one cache. `backups`: how it is backed up. */
export function formatCache(cache: AnyCache, colors: Colors, backups: string | null = null): string {
  const rows: [string, string][] = [
    ["State", formatState(cache, colors)],
    ...(isRunning(cache) ? formatRunning(cache, colors, backups) : [["Size", skuText(cache.sku)] as [string, string]]),
    ["Public access", cache.isPublic ? "on" : colors.yellow("off")],
    ["Minimum TLS", cache.minimumTls],
    ...(isRunning(cache) ? formatLogins(cache) : []),
    ...cache.settings,
    ["Tags", formatPairs(cache.tags)],
    ["Group", cache.at.resourceGroup],
    ["Location", cache.location],
  ];
  return `${colors.bold(cache.name)}\n\n${formatTable(rows.map(([label, value]) => [`  ${colors.dim(label)}`, value]))}`;
}

function formatRunning(cache: RunningCache, colors: Colors, backups: string | null): [string, string][] {
  const { larder, byName } = cache;
  const scheme = schemeOf(cache);
  return [
    ...(larder.problem === null ? [] : [["Problem", larder.problem.message] as [string, string]]),
    ...(larder.underWay === null ? [] : [["Under way", larder.underWay] as [string, string]]),
    ["Size", skuText(cache.sku)],
    ["Memory", formatMemory(cache)],
    ["Clients", String(larder.clientsConnected ?? "-")],
    ["Engine", formatEngine(cache)],
    ...(larder.nodes.length < 2
      ? []
      : larder.nodes.map((node) => ["Node", formatNode(node, larder.nodes, colors)] as [string, string])),
    ...(larder.nodes.length < 2 ? [] : formatReplication(larder)),
    ...(larder.persistence === null ? [] : formatPersistence(larder.persistence, colors)),
    ...(backups === null ? [] : [["Backups", backups] as [string, string]]),
    ["Address", `${scheme}://${addressOf(cache)}`],
    ["By name", `${scheme}://${byName.host}:${byName.port}`],
    ["Plain port", larder.endpoint.plainPort === null ? "closed" : String(larder.endpoint.plainPort)],
  ];
}
