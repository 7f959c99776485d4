/** Ports of loopback that were free a moment ago. */
import { type AddressInfo, createServer, type Server } from "node:net";

type Tuple<N extends number, T extends number[] = []> = T["length"] extends N ? T : Tuple<N, [...T, number]>;

/** Held together while they are drawn, so that no two are the same. */
export async function freePorts<const N extends number>(count: N): Promise<Tuple<N>> {
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as Tuple<N>;
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}
