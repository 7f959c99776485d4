/** Hosts as people read them. Pure. */
import type { HostResource } from "@larder/api/host-protocol";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";
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
  return formatTable([heading, ...rows]);
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
