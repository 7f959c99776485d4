/**
 * The ports of all caches, at the gateway's address and on private networks: opens and closes them to match routes. A port that failed to open is tried again with each
 * table; one of which it is not known yet whether it is ours, soon.
 */
import { isSameName, type ListenerReport, type PrivateNetworkReport, type Route } from "@larder/api";
import type { Log } from "@larder/service";
import type { ServedCache } from "../served-cache.ts";
import type { PortClaims } from "../workers/port-claims.ts";
import type { Port } from "./arrival.ts";
import type { Listener } from "./listeners.ts";
import type { ListeningPlace } from "./listening-place.ts";
import { describeFailure } from "./private-networks.ts";

export interface CachePortsOptions {
  /** Of the gateway's address (null) or of a private network; undefined where that is not open. */
  claimsOf(network: string | null): PortClaims | undefined;
  /** Throws what the system throws. */
  listen(place: ListeningPlace, port: number, what: Port): Listener;
  /** Ports were opened or closed. */
  onChanged(): void;
  /** Ports are open, or found to be somebody else's, that were in doubt. */
  onSettled(): void;
  log: Log;
}

interface CachePort {
  port: number;
  isTls: boolean;
  network: string | null;
  /** null, without an error, while it is not known yet whether the port is ours, and on a network that is not open. */
  listener: Listener | null;
  error: string | null;
}

type Wanted = Pick<CachePort, "port" | "isTls" | "network">;

const contestedRetryMs = 20;

export class CachePorts {
  readonly #options: CachePortsOptions;
  readonly #ports = new Map<ServedCache, CachePort[]>();
  #timer: Timer | null = null;

  constructor(options: CachePortsOptions) {
    this.#options = options;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const ports of this.#ports.values()) for (const each of ports) each.listener?.stop(true);
  }

  /** Opens and closes ports as the cache's route says. */
  match(cache: ServedCache): void {
    const wanted = wantedPorts(cache.route);
    const existing = this.#ports.get(cache) ?? [];
    for (const each of existing) {
      if (!wanted.some((want) => isSame(want, each))) each.listener?.stop(!each.isTls);
    }
    this.#ports.set(
      cache,
      wanted.map((want) => {
        const same = existing.find((each) => isSame(want, each) && each.listener !== null);
        return same ?? this.#open(cache, want);
      }),
    );
    this.#options.onChanged();
  }

  remove(cache: ServedCache): void {
    for (const each of this.#ports.get(cache) ?? []) each.listener?.stop(true);
    this.#ports.delete(cache);
    this.#options.onChanged();
  }

  /** Tries those again that are not open. */
  openContested(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const lacking = [...this.#ports].filter(([, ports]) => ports.some((each) => each.listener === null));
    for (const [cache] of lacking) this.match(cache);
    if (lacking.length > 0 && this.#timer === null) this.#options.onSettled();
  }

  /** Those that are open, as other workers are told of them. */
  told(): number[] {
    const open = [...this.#ports.values()].flat().filter(({ listener }) => listener !== null);
    return open.flatMap(({ port, network }) => this.#options.claimsOf(network)?.place.told(port) ?? []);
  }

  reports(): ListenerReport[] {
    return [...this.#ports].flatMap(([cache, ports]) =>
      ports
        .filter(({ network, listener, error }) => network === null && (listener !== null || error !== null))
        .map(({ port, error }) => ({ cacheId: cache.route.cacheId, port, error })),
    );
  }

  /** Those of a private network that cannot be opened. */
  failedOn(network: string): PrivateNetworkReport["failedPorts"] {
    return [...this.#ports].flatMap(([{ route }, ports]) =>
      ports.flatMap(({ port, error, ...at }) =>
        at.network !== null && isSameName(at.network, network) && error !== null
          ? [{ cacheId: route.cacheId, port, error }]
          : [],
      ),
    );
  }

  #open(cache: ServedCache, wanted: Wanted): CachePort {
    const { claimsOf, listen, log } = this.#options;
    const { port, isTls, network } = wanted;
    const claims = claimsOf(network);
    if (claims === undefined) return { ...wanted, listener: null, error: null };
    try {
      if (!claims.claim(port)) return this.#openSoon(wanted);
      return { ...wanted, listener: listen(claims.place, port, { cache, isTls, network }), error: null };
    } catch (error) {
      const code = describeFailure(error);
      log.error({ cacheId: cache.route.cacheId, port: wanted.port, code }, "cache port cannot be opened");
      return { ...wanted, listener: null, error: code };
    }
  }

  #openSoon(wanted: Wanted): CachePort {
    this.#timer ??= setTimeout(() => this.openContested(), contestedRetryMs);
    return { ...wanted, listener: null, error: null };
  }
}

function wantedPorts({ tlsPort, hasTls, plainPort, network: { privateNetworks } }: Route): Wanted[] {
  return [null, ...privateNetworks].flatMap((network) => [
    ...(hasTls ? [{ port: tlsPort, isTls: true, network }] : []),
    ...(plainPort === null ? [] : [{ port: plainPort, isTls: false, network }]),
  ]);
}

function isSame(a: Wanted, b: Wanted): boolean {
  return a.port === b.port && a.isTls === b.isTls && a.network === b.network;
}
