/**
 * How long the system keeps a connection whose other side says nothing: asks a silent one (keep-alive), and gives up one
 * that acknowledges nothing (TCP user time-out).
 *
 * On Linux both are set on the listening socket, once: the kernel gives them to every connection that it accepts. The
 * runtime has no call for that, so it goes through the C library; the descriptor is the listener's own and stays open for
 * the call. Elsewhere, or without that library, `false` says that it was not possible: then each connection gets
 * keep-alive from the runtime, which ends a silent peer about ten seconds after `keepAliveIdleMs`, and nothing bounds how
 * long unacknowledged bytes wait but the system's default and `clientStallMs`.
 */
import { ptr } from "bun:ffi";
import { libc } from "../libc.ts";
import { limits } from "../limits.ts";

const SOL_SOCKET = 1;
const IPPROTO_TCP = 6;

/** Level, name, value, as Linux numbers them. */
const options = [
  [SOL_SOCKET, /* SO_KEEPALIVE */ 9, 1],
  [IPPROTO_TCP, /* TCP_KEEPIDLE */ 4, limits.keepAliveIdleMs / 1000],
  [IPPROTO_TCP, /* TCP_KEEPINTVL */ 5, limits.keepAliveEveryMs / 1000],
  [IPPROTO_TCP, /* TCP_KEEPCNT */ 6, limits.keepAliveProbes],
  [IPPROTO_TCP, /* TCP_USER_TIMEOUT */ 18, limits.clientUserTimeoutMs],
] as const;

/** Whether connections that `listener` accepts from now on are watched by the system. */
export function watchAcceptedConnections(listener: object): boolean {
  const { fd } = listener as { fd?: number };
  const call = libc()?.setsockopt;
  if (call === undefined || fd === undefined || fd < 0) return false;
  return options.every(([level, name, value]) => call(fd, level, name, ptr(new Int32Array([value])), 4) === 0);
}
