/** A process that holds idle connections: opens as many as it is told to, logs in, has one PING answered on each, and keeps them until it is killed. */
import { BareClient, encode, openClients } from "./bare-client.ts";
import { obeyOrders } from "./client-process.ts";
import type { Endpoint } from "./load.ts";

export interface IdleOrder {
  endpoint: Endpoint;
  connections: number;
}

await obeyOrders<IdleOrder>(async ({ endpoint, connections }) => {
  await openClients(connections, async () => {
    const client = new BareClient();
    await client.open(endpoint);
    await client.exchange(encode(["PING"]), "+PONG\r\n");
    return client;
  });
  return {};
});
