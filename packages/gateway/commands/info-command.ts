/**
 * INFO as it is true of the cache: the engine counts the gateway's connections where clients mean their own, and names
 * files and sockets of its host, which are nobody's business here.
 */
import type { ClientConnection } from "../client/client-connection.ts";
import { forward } from "./forward.ts";
import type { Outcome, Request } from "./request.ts";

export interface CacheFacts {
  connectedClients: number;
  clientsMax: number;
  port: number;
  /** The engine knows nothing of the cluster that clients are told of. */
  isCluster: boolean;
}

export function forwardInfo(client: ClientConnection, request: Request): Outcome {
  const { cache } = client;
  if (cache === null || client.isInTransaction || client.isMuted || client.skipsNext) return forward(client, request);
  const rewrite = (reply: Buffer) =>
    rewriteInfo(reply, {
      connectedClients: cache.clients.size + client.host.workers.clientsElsewhere(cache.route.cacheId),
      clientsMax: cache.route.clientsMax,
      port: cache.route.hasTls ? cache.route.tlsPort : (cache.route.plainPort ?? 0),
      isCluster: cache.route.isCluster,
    });
  return forward(client, request, { rewrite });
}

/** Takes a bulk string, or RESP3's verbatim string; anything else stays as it is. */
export function rewriteInfo(reply: Buffer, facts: CacheFacts): Buffer {
  const type = String.fromCharCode(reply[0] as number);
  if (type !== "$" && type !== "=") return reply;
  const text = reply.toString("latin1", reply.indexOf("\n") + 1, reply.length - 2);
  const changed = text
    .split("\r\n")
    .filter((line) => !line.startsWith("listener"))
    .map((line) => rewriteLine(line, facts))
    .join("\r\n");
  return Buffer.from(`${type}${changed.length}\r\n${changed}\r\n`, "latin1");
}

function rewriteLine(line: string, { connectedClients, clientsMax, port, isCluster }: CacheFacts): string {
  const name = line.slice(0, line.indexOf(":"));
  switch (name) {
    case "connected_clients":
      return `${name}:${connectedClients}`;
    case "maxclients":
      return `${name}:${clientsMax}`;
    case "tcp_port":
      return `${name}:${port}`;
    case "cluster_enabled":
      return `${name}:${Number(isCluster)}`;
    case "executable":
    case "config_file":
      return `${name}:`;
    default:
      return line;
  }
}
