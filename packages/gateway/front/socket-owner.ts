/** What a client's socket belongs to, an arrival first and then a client connection, and what becomes of it when its handlers fail. */
import type { Socket } from "bun";
import { noteIfInternal } from "../internal-errors.ts";

export interface SocketOwner {
  onData(bytes: Buffer, nowMs: number): void;
  onDrain(nowMs: number): void;
  /** The socket is closed, or failed: by the client or its network, or by an exception of the gateway's own. */
  onSocketClosed(by: "client" | "gateway"): void;
}

/** For the handlers of such sockets. An exception leaves the socket open, so it is closed here. */
export function onSocketError(socket: Socket<SocketOwner>, error: unknown): void {
  const isOurs = noteIfInternal(error, "client");
  // Without an owner it failed before it had one.
  (socket.data as SocketOwner | undefined)?.onSocketClosed(isOurs ? "gateway" : "client");
  socket.end();
}
