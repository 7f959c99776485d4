/** The names and addresses that the server certificate must cover: where clients on this machine and beside it reach the service. */
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { isEveryAddress } from "@larder/api";
import type { ServerNames } from "./issue.ts";

/** `locations`: of clusters, as their host names have them. Listening on every address means that each of the machine's own may be used. */
export function serverNames(options: { domain: string; host: string; locations?: string[] }): ServerNames {
  const everywhere = isEveryAddress(options.host);
  const reachable = everywhere ? [hostname(), ...interfaceAddresses()] : [options.host];
  const inLocations = (options.locations ?? []).map((location) => `*.${location}.${options.domain}`);
  const all = ["localhost", `*.${options.domain}`, ...inLocations, "127.0.0.1", "::1", ...reachable];
  const unique = [...new Set(all)];
  return { dns: unique.filter((name) => isIP(name) === 0), ip: unique.filter((name) => isIP(name) !== 0) };
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((found) => !found.internal && !found.address.includes("%") && !found.address.startsWith("fe80:"))
    .map((found) => found.address);
}
