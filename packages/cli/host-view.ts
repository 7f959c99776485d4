/** Hosts as people read them. Pure. */
import type { HostNode, HostResource, NodeFill } from "@larder/api/host-protocol";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";
import { shareDone } from "./transfer-view.ts";
import { formatBytes } from "./units.ts";

export function formatHostTable(hosts: readonly HostResource[], colors: Colors): string {
  const heading = ["NAME", "ADDRESS", "ZONE", "STATE", "MEMORY", "NODES", "ENGINES"].map((text) => colors.dim(text));
  const rows = hosts.map((host) => [
    colors.bold(host.name),
    host.address,
    host.zone ?? "-",
    formatHostState(host, colors),
    formatHostMemory(host),
    String(host.nodes.length),
    formatEngines(host),
  ]);
  const waiting = hosts.flatMap((host) => fillsInTheWay(host).map((line) => `${host.name} waits for ${line}\n`));
  return `${formatTable([heading, ...rows])}${waiting.length === 0 ? "" : `\n${waiting.join("")}`}`;
}

/** What keeps a host that is drained from being empty: one line each, with the command that ends it. */
export function fillsInTheWay({ draining, nodes }: HostResource): string[] {
  return draining ? nodes.flatMap(({ cache, fill }) => (fill === null ? [] : waitOf(cache, fill))) : [];
}

const fillTitles: Record<string, string> = {
  import: "an import into",
  migrate: "a migration into",
  verify: "the verification of a backup of",
};

function waitOf(cache: HostNode["cache"], fill: NodeFill): string {
  const { id, kind, status, cutOver, progress } = fill;
  const share = shareDone(fill);
  const what = `${fillTitles[kind] ?? "a transfer of"} ${cache}`;
  if (status === "cuttingOver") return `${what}, which is taking over.`;
  const cancel = `\`larder transfer cancel ${cache} ${id}\` ends it.`;
  if (progress?.state === "following" && cutOver === "manual")
    return `${what}, which follows its source until \`larder transfer cutover ${cache} ${id}\`; ${cancel}`;
  if (fill.paused)
    return `${what}, which is paused: \`larder transfer resume ${cache} ${id}\` lets it go on, ${cancel}`;
  return `${what}${share === null ? "" : ` (${Math.floor(share * 100)} %)`}; ${cancel}`;
}

function formatHostState({ state, draining }: HostResource, colors: Colors): string {
  if (state === "active") return colors.green("active");
  if (state === "draining") return colors.yellow("draining");
  return colors.red(draining ? "silent, draining" : "silent");
}

function formatHostMemory({ memoryBytesUsed, memoryBytesTotal }: HostResource): string {
  return `${formatBytes(memoryBytesUsed)} of ${memoryBytesTotal === null ? "?" : formatBytes(memoryBytesTotal)}`;
}

/** Those that caches can get: the embedded one only where there is no other. */
function formatEngines({ engines }: HostResource): string {
  const native = engines.filter(({ kind }) => kind === "native");
  if (native.length === 0) return engines.map(({ name, version }) => `${name} ${version} (embedded)`).join(", ") || "-";
  return native.map(({ name, version }) => `${name} ${version}`).join(", ");
}
