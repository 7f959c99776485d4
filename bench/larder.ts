/** The service under test: `larder up` with free ports in a temporary directory, and a cache on it. */
import { createClient } from "redis";
import { startService, type TestService } from "../tests/fixture/service.ts";
import type { Endpoint } from "./load.ts";

export interface LarderCache {
  tls: Endpoint;
  plain: Endpoint;
  enginePid: number;
}

/** Starts the service; the stack stops it. It has one gateway worker. */
export async function startLarder(stack: AsyncDisposableStack, engine: "native" | "embedded"): Promise<TestService> {
  const service = await startService({ engine });
  stack.defer(() => service.stop());
  return service;
}

export function gatewayPid(service: TestService): number {
  const [pid, ...others] = service.pids().gateway;
  if (pid === undefined || others.length > 0) throw new Error("the service does not have exactly one gateway worker");
  return pid;
}

const cacheName = "bench";

/** Creates a Basic cache with both of its ports. `capacity` is the C size: it bounds clients and memory. */
export async function createBenchCache(service: TestService, capacity: number): Promise<LarderCache> {
  const created = await service.createCache(cacheName, {
    sku: { name: "Basic", family: "C", capacity },
    enableNonSslPort: true,
  });
  const { tlsPort, plainPort } = created.properties.larder.endpoint;
  if (plainPort === null) throw new Error("the cache has no plain-text port");
  const address = { resourceGroup: service.connection.resourceGroup, name: cacheName };
  const password = (await service.client.listKeys(address)).primaryKey;
  return {
    tls: { port: tlsPort, caPath: service.connection.ca, password },
    plain: { port: plainPort, caPath: null, password },
    enginePid: await askEnginePid(plainPort, password),
  };
}

/** As the gateway last reported it, which may be some seconds ago. */
export async function clientsConnected(service: TestService): Promise<number> {
  const address = { resourceGroup: service.connection.resourceGroup, name: cacheName };
  return (await service.client.getCache(address)).properties.larder.clientsConnected ?? 0;
}

/** The engine outlives its agent, so only the engine itself says reliably which process it is. */
async function askEnginePid(port: number, password: string): Promise<number> {
  const client = createClient({ socket: { host: "127.0.0.1", port }, password });
  client.on("error", () => {});
  await client.connect();
  try {
    const pid = Number(/^process_id:(\d+)/m.exec(await client.info("server"))?.[1]);
    if (!(pid > 0)) throw new Error("the engine does not say its process id");
    return pid;
  } finally {
    client.destroy();
  }
}
