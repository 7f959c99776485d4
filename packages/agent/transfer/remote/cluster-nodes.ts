/**
 * Who has a cluster's slots, from what CLUSTER NODES says. Pure. Lines are, by the cluster specification,
 * `<id> <host:port@bus[,name]> <flags> <primary> <ping> <pong> <epoch> <link> [slots…]`.
 */
import type { SourcePrimary } from "./source-primaries.ts";

const slotCount = 16_384;

/** `asked` is the host for a node that does not know its own. A cluster that cannot be copied whole has a problem. */
export function parseClusterNodes(text: string, asked: string): { primaries: SourcePrimary[] } | { problem: string } {
  const primaries: SourcePrimary[] = [];
  let covered = 0;
  for (const line of text.split("\n")) {
    const [, place = "", flags = "", , , , , , ...ranges] = line.trim().split(" ");
    const isPrimary = flags.split(",").includes("master") && !flags.split(",").includes("fail");
    // "[1000->-…]" is a slot on its way.
    if (ranges.some((range) => range.startsWith("["))) return { problem: "is moving slots just now." };
    if (!isPrimary || ranges.length === 0) continue;
    primaries.push({ address: addressOf(place, asked), slots: [...ranges].sort().join(" ") });
    covered += ranges.reduce((sum, range) => sum + slotsIn(range), 0);
  }
  if (covered < slotCount) return { problem: `has no primary for ${slotCount - covered} of its ${slotCount} slots.` };
  // Sorted by what they have: a primary that takes another's place stands in its place.
  return { primaries: primaries.sort((a, b) => (a.slots < b.slots ? -1 : 1)) };
}

function addressOf(place: string, asked: string): { host: string; port: number } {
  const endpoint = place.split(",")[0]?.split("@")[0] ?? "";
  const colon = endpoint.lastIndexOf(":");
  const host = endpoint.slice(0, colon).replace(/^\[|\]$/g, "");
  return { host: host === "" ? asked : host, port: Number(endpoint.slice(colon + 1)) };
}

function slotsIn(range: string): number {
  const [first, last = first] = range.split("-").map(Number);
  return (last ?? 0) - (first ?? 0) + 1;
}
