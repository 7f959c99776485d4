/** The private networks that gateways have, by what they report. */
import { type GatewayReport, isSameName, LarderError, type PrivateNetworkResource } from "@larder/api";

/** Of a network that several gateways have, what the first of them with a problem says. Sorted by name. */
export function knownNetworks(reports: readonly (GatewayReport | null)[]): PrivateNetworkResource[] {
  const known = new Map<string, PrivateNetworkResource>();
  for (const { name, address, error } of reports.flatMap((report) => report?.privateNetworks ?? [])) {
    const before = known.get(name.toLowerCase());
    known.set(name.toLowerCase(), before === undefined || before.error === null ? { name, address, error } : before);
  }
  return [...known.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** The network that a subnet's id names. Throws InvalidParameter, or ServiceUnavailable while no gateway has spoken. */
export function networkOfSubnet(subnetId: string, reports: readonly (GatewayReport | null)[]): PrivateNetworkResource {
  const asked = subnetId.slice(subnetId.lastIndexOf("/") + 1);
  const known = knownNetworks(reports);
  const found = known.find(({ name }) => isSameName(name, asked));
  if (found !== undefined) return found;
  if (!reports.some((report) => report !== null))
    throw new LarderError("ServiceUnavailable", "No gateway is connected yet; try again in a moment.");
  const there =
    known.length === 0
      ? "the gateways have none (see `larder up --private-network`)"
      : `the gateways have ${known.map(({ name }) => name).join(", ")}`;
  throw new LarderError("InvalidParameter", `There is no private network '${asked}': ${there}.`, {
    target: "properties.subnet.id",
  });
}
