/**
 * The gateway's ports: one TLS port for all caches, told apart by the server name, and for each cache one TLS port of its
 * own and, where enabled, a plain one. They differ only in how a connection finds its cache.
 */
import type { Socket, TCPSocketListener } from "bun";
import type { ClientConnection } from "./client-connection.ts";
import type { ServedCache } from "./served-cache.ts";

/** What the ports need from the gateway. */
export interface Clients {
  open(socket: Socket<ClientConnection>): ClientConnection;
  /** Binds the connection to its cache. It refuses where the cache cannot take it. */
  admit(client: ClientConnection, cache: ServedCache): void;
  findByServerName(serverName: string | undefined): ServedCache | undefined;
  refuseServerName(client: ClientConnection, serverName: string | undefined): void;
  onHandshakeFailed(client: ClientConnection): void;
  nowMs(): number;
}

export interface TlsFiles {
  cert: string;
  key: string;
}

type Listener = TCPSocketListener<ClientConnection>;

/** Opens a port. `cache` is null on the shared one. Throws what the system throws (EADDRINUSE). */
export function listen(
  clients: Clients,
  at: { hostname: string; port: number },
  options: { tls: TlsFiles | null; cache: ServedCache | null },
): Listener {
  const { tls, cache } = options;
  return Bun.listen<ClientConnection>({
    ...at,
    ...(tls === null ? {} : { tls: { cert: tls.cert, key: tls.key } }),
    socket: {
      open(socket) {
        socket.data = clients.open(socket);
        if (tls === null && cache !== null) clients.admit(socket.data, cache);
      },
      handshake(socket, isSuccessful) {
        const client = socket.data;
        if (socket.getTLSVersion?.() === undefined || !(isSuccessful as boolean))
          return clients.onHandshakeFailed(client);
        if (cache !== null) return clients.admit(client, cache);
        const serverName = socket.getServername() as string | undefined;
        const named = clients.findByServerName(serverName);
        if (named === undefined) clients.refuseServerName(client, serverName);
        else clients.admit(client, named);
      },
      data: (socket, bytes) => socket.data.onData(bytes, clients.nowMs()),
      drain: (socket) => socket.data?.onDrain(clients.nowMs()),
      close: (socket) => socket.data?.close(),
      error: (socket) => socket.data?.close(),
    },
  });
}
