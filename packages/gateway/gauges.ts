/** What is there at this moment, by the names of /metrics: counted when it is asked for, as nothing on the hot path keeps it. */
import type { ClientConnection } from "./client/client-connection.ts";
import type { ServedCache } from "./served-cache.ts";

export function gaugesOf(caches: Iterable<ServedCache>, clients: Iterable<ClientConnection>): Record<string, number> {
  const gauges = {
    larder_gateway_commands_in_flight: 0,
    larder_gateway_connections_held: 0,
    larder_gateway_input_bytes: 0,
    larder_gateway_server_connections_shared: 0,
    larder_gateway_server_connections_lent: 0,
    larder_gateway_server_connections_idle: 0,
    larder_gateway_server_connections_full: 0,
    larder_gateway_replicas_connected: 0,
    larder_gateway_held_reply_bytes: 0,
    larder_gateway_upstream_subscriptions: 0,
    larder_gateway_heap_bytes: process.memoryUsage().heapUsed,
  };
  for (const client of clients) {
    gauges.larder_gateway_commands_in_flight += client.inFlight;
    gauges.larder_gateway_connections_held += Number(client.isHeld && client.inputBytes > 0);
    gauges.larder_gateway_input_bytes += client.inputBytes;
  }
  for (const cache of caches) {
    gauges.larder_gateway_replicas_connected += cache.replicaReads.openedCount;
    gauges.larder_gateway_upstream_subscriptions += cache.fanOut.channelCount;
    gauges.larder_gateway_held_reply_bytes += cache.heldReplyBytes;
    for (const pool of cache.pools) {
      gauges.larder_gateway_server_connections_shared += Number(pool.fast.isReady) + Number(pool.bulk.isReady);
      gauges.larder_gateway_server_connections_lent += pool.lent.size;
      gauges.larder_gateway_server_connections_idle += pool.idleCount;
      gauges.larder_gateway_server_connections_full += Number(pool.fast.isFull) + Number(pool.bulk.isFull);
      for (const { isFull } of pool.lent) gauges.larder_gateway_server_connections_full += Number(isFull);
    }
  }
  return gauges;
}
