/**
 * The gateway's ports: one TLS port for all caches, told apart by the server name, and for each cache one TLS port of its
 * own and, where enabled, a plain one. Each accepts plain connections and gives them to the front door, which makes TLS
 * connections of those that it lets in: so that a connection can wait or be refused before its handshake, can begin with
 * a PROXY header, and gets the certificate of the day, all without the port being opened anew. Beside letting the runtime
 * accept TLS connections itself this costs 1 kB more for each connection and, within what can be measured, no time.
 */
import type { Socket, TCPSocketListener } from "bun";
import { limits } from "../limits.ts";
import type { Port } from "./arrival.ts";
import type { FrontDoor } from "./front-door.ts";
import { watchAcceptedConnections } from "./listening-socket.ts";
import { onSocketError, type SocketOwner } from "./socket-owner.ts";

export type Listener = TCPSocketListener<SocketOwner>;

/**
 * Opens a port. With `reusePort` other processes may listen on it, too, if they set it as well. Throws what the system
 * throws (EADDRINUSE).
 */
export function listen(
  door: FrontDoor,
  at: { hostname: string; port: number; reusePort: boolean },
  port: Port,
  nowMs: () => number,
): Listener {
  let isWatched = true;
  // Without a `data` handler the runtime does not hand out the encrypted bytes of each packet a second time.
  const readsPlain = !port.isTls || door.expectsProxies;
  const listener = Bun.listen<SocketOwner>({
    ...at,
    socket: {
      open(socket: Socket<SocketOwner>) {
        if (!isWatched) socket.setKeepAlive(true, limits.keepAliveIdleMs);
        door.accept(socket, port);
      },
      ...(readsPlain ? { data: (socket, bytes) => socket.data.onData(bytes, nowMs()) } : {}),
      drain: (socket) => socket.data.onDrain(nowMs()),
      close: (socket) => socket.data.onSocketClosed("client"),
      error: onSocketError,
    },
  });
  isWatched = watchAcceptedConnections(listener);
  return listener;
}
