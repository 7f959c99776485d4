/** By which host others reach this machine, told from the address that it listens on. */
import { hostname } from "node:os";
import { bracketedHost, isEveryAddress } from "@larder/api";

/** What clients on this machine and others type to reach a cache's own ports. */
export function endpointHostOf(host: string): string {
  if (host === "127.0.0.1" || host === "::1") return "localhost";
  return isEveryAddress(host) ? hostname() : host;
}

/** What other machines are told, as part of a URL; on every address means by the machine's name. */
export function urlHostOf(host: string): string {
  return bracketedHost(isEveryAddress(host) ? hostname() : host);
}
