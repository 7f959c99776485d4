/**
 * Who connected to which cache, from where, as whom, and when it ended: one JSON line for each event, with the names of
 * Azure's diagnostic settings.
 *
 *   new_conn    a connection came to its cache, whether or not that could take it
 *   refused     one that was closed before, by the cache's network rules: `reason` is firewall, public access or private network
 *   auth        a log-in, with `eventStatus` success or failure, and then with the `reason`
 *   close_conn  with `reason` and `durationMs`
 *
 * Every ten seconds a second file gets how many clients each address has (Azure's ConnectedClientList).
 *
 * A password or a token is never in it: the name of an unknown user is not written either, as people mistake one for the other.
 */
import { join } from "node:path";
import type { Clock, Log } from "@larder/service";
import type { ClientConnection } from "../client/client-connection.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import type { ServedCache } from "../served-cache.ts";
import { endpointOf } from "./address-text.ts";
import { LineFile } from "./line-file.ts";
import type { NetworkRefusal } from "./network-rules.ts";
import { TokenBucket } from "./token-bucket.ts";

const refusalRate = { perSecond: limits.connectionLogRefusalsPerSecond, burst: limits.connectionLogRefusalsPerSecond };

export interface ConnectionLogOptions {
  directory: string;
  /** Of this process among those that serve the same ports. */
  worker: number;
  workers: number;
  clock: Clock;
  log: Log;
}

export class ConnectionLog {
  readonly #clock: Clock;
  readonly #events: LineFile;
  readonly #snapshots: LineFile;
  readonly #refusals: TokenBucket;

  constructor({ directory, worker, workers, clock, log }: ConnectionLogOptions) {
    const suffix = workers === 1 ? "" : `-${worker}`;
    this.#clock = clock;
    this.#refusals = new TokenBucket(refusalRate, clock.monotonicMs());
    this.#events = lineFile(join(directory, `connections${suffix}.log`), log);
    this.#snapshots = lineFile(join(directory, `connected-clients${suffix}.log`), log);
  }

  /** Resolves when all is on disk. */
  async stop(): Promise<void> {
    await Promise.all([this.#events.stop(), this.#snapshots.stop()]);
  }

  opened(client: ClientConnection): void {
    this.#write(client, "new_conn", {});
  }

  /** Beyond so many a second they are only counted. */
  refused(cache: ServedCache, { remoteAddress, why }: { remoteAddress: string; why: NetworkRefusal }): void {
    if (!this.#refusals.take(this.#clock.monotonicMs())) return;
    const { address, port } = endpointOf(remoteAddress);
    const who = { clientIP: address, clientPort: port };
    this.#events.write(JSON.stringify({ ...this.#stamp(cache), eventType: "refused", ...who, reason: why }));
  }

  /** Beyond so many of one connection they are only counted, with its end. */
  authenticated(client: ClientConnection, user: string, refusal: string | null): void {
    if (client.authentications > limits.connectionLogAuthsMax) return;
    const known = client.cache?.users.find(user)?.name ?? null;
    const outcome = refusal === null ? { eventStatus: "success" } : { eventStatus: "failure", reason: refusal };
    this.#write(client, "auth", { ...outcome, user: known });
  }

  /** Of one that came to no cache nothing was written. */
  closed(client: ClientConnection): void {
    const durationMs = Math.round(this.#clock.monotonicMs() - client.connectedMs);
    const { authentications, closeReason: reason } = client;
    this.#write(client, "close_conn", { reason, durationMs, authentications });
  }

  snapshot(caches: Iterable<ServedCache>): void {
    for (const cache of caches) {
      const counts = new Map<string, number>();
      for (const client of cache.clients.values()) {
        const ip = endpointOf(client.remoteAddress).address;
        counts.set(ip, (counts.get(ip) ?? 0) + 1);
      }
      if (counts.size === 0) continue;
      const connectedClients = [...counts].map(([ip, count]) => ({ ip, count }));
      this.#snapshots.write(JSON.stringify({ ...this.#stamp(cache), connectedClients }));
    }
  }

  #write(client: ClientConnection, eventType: string, more: Record<string, unknown>): void {
    if (client.cache === null) return;
    const { address, port } = endpointOf(client.remoteAddress);
    const who = { id: client.id, clientIP: address, clientPort: port };
    this.#events.write(JSON.stringify({ ...this.#stamp(client.cache), eventType, ...who, ...more }));
  }

  #stamp({ route }: ServedCache): Record<string, unknown> {
    return { time: new Date(this.#clock.nowMs()).toISOString(), cacheId: route.cacheId, cache: route.name };
  }
}

function lineFile(path: string, log: Log): LineFile {
  return new LineFile({
    path,
    waitingBytesMax: limits.connectionLogBytesMax,
    fileBytesMax: limits.connectionLogFileBytes,
    filesKept: limits.connectionLogFilesKept,
    onDropped: () => counters.larder_gateway_connection_log_dropped_total++,
    onFailed: () => counters.larder_gateway_connection_log_failed_total++,
    log,
  });
}
