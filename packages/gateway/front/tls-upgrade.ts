/** Makes the server's side of a TLS connection out of a plain one. The runtime can do more than its types tell. */
import type { Socket, SocketHandler } from "bun";
import type { TlsContext } from "./tls-contexts.ts";

interface Upgrade<Data> {
  isServer: true;
  tls: { secureContext: unknown };
  data: Data;
  socket: SocketHandler<Data>;
  /** Bytes of the handshake that were read already. */
  initialData?: Buffer;
}

type Upgradable<Data> = { upgradeTLS(options: Upgrade<Data>): [raw: Socket<Data>, tls: Socket<Data>] };

/**
 * The plain socket goes on to call its own handlers: with the encrypted bytes, if it has a `data` handler, and when it
 * closes. `rawData` is what they find there.
 */
export function upgradeToTls<Data>(
  socket: Socket<Data>,
  options: {
    context: TlsContext;
    data: Data;
    rawData: Data;
    handlers: SocketHandler<Data>;
    initialData: Buffer | null;
  },
): Socket<Data> {
  const { context, data, handlers, initialData } = options;
  const [raw, tls] = (socket as unknown as Upgradable<Data>).upgradeTLS({
    isServer: true,
    tls: { secureContext: context.context },
    data,
    socket: handlers,
    ...(initialData === null ? {} : { initialData }),
  });
  raw.data = options.rawData;
  return tls;
}
