/** By which host others reach this machine, told from the address that it listens on. */
import { hostname } from "node:os";

/** What clients on this machine and others type to reach a cache's own ports. */
export function endpointHostOf(host: string): string {
  if (host === "127.0.0.1" || host === "::1") return "localhost";
  return listensEverywhere(host) ? hostname() : host;
}

/** What other machines are told, as part of a URL; on every address means by the machine's name. */
export function urlHostOf(host: string): string {
  if (listensEverywhere(host)) return hostname();
  return host.includes(":") ? `[${host}]` : host;
}

function listensEverywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}
