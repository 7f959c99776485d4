/** A request of `node:http`, as bridges see requests. */
import type { IncomingMessage } from "node:http";
import type { BridgeRequest } from "./bridge-options.ts";

export function requestOf(request: IncomingMessage): BridgeRequest {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  // The host that a client says may be none.
  const url = new URL(`http://host${request.url?.startsWith("/") ? request.url : "/"}`);
  return { url, headers, raw: request };
}
