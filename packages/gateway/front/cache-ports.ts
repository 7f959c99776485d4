/**
 * The ports of all caches: opens and closes them to match routes. A port that failed to open is tried again with each
 * table; one of which it is not known yet whether it is ours, soon.
 */
import type { ListenerReport } from "@larder/api";
import type { Log } from "@larder/service";
import type { ServedCache } from "../served-cache.ts";
import type { PortClaims } from "../workers/port-claims.ts";
import type { Port } from "./arrival.ts";
import type { Listener } from "./listeners.ts";

export interface CachePortsOptions {
  claims: PortClaims;
  /** Throws what the system throws. */
  listen(port: number, what: Port): Listener;
  /** Ports were opened or closed. */
  onChanged(): void;
  /** Ports are open, or found to be somebody else's, that were in doubt. */
  onSettled(): void;
  log: Log;
}

interface CachePort {
  port: number;
  isTls: boolean;
  /** null, without an error, while it is not known yet whether the port is ours. */
  listener: Listener | null;
  error: string | null;
}

type Wanted = Pick<CachePort, "port" | "isTls">;

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
    const { tlsPort, plainPort } = cache.route;
    const wanted = [{ port: tlsPort, isTls: true }, ...(plainPort === null ? [] : [{ port: plainPort, isTls: false }])];
    const existing = this.#ports.get(cache) ?? [];
    for (const each of existing) {
      const isWanted = wanted.some((want) => want.port === each.port && want.isTls === each.isTls);
      if (!isWanted) each.listener?.stop(!each.isTls);
    }
    this.#ports.set(
      cache,
      wanted.map((want) => {
        const same = existing.find(
          (each) => each.port === want.port && each.isTls === want.isTls && each.listener !== null,
        );
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

  /** Those that are open. */
  open(): number[] {
    return [...this.#ports.values()].flat().flatMap(({ port, listener }) => (listener === null ? [] : [port]));
  }

  reports(): ListenerReport[] {
    return [...this.#ports].flatMap(([cache, ports]) =>
      ports
        .filter(({ listener, error }) => listener !== null || error !== null)
        .map(({ port, error }) => ({ cacheId: cache.route.cacheId, port, error })),
    );
  }

  #open(cache: ServedCache, wanted: Wanted): CachePort {
    const { claims, listen, log } = this.#options;
    try {
      if (!claims.claim(wanted.port)) return this.#openSoon(wanted);
      return { ...wanted, listener: listen(wanted.port, { cache, isTls: wanted.isTls }), error: null };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "UNKNOWN";
      log.error({ cacheId: cache.route.cacheId, port: wanted.port, code }, "cache port cannot be opened");
      return { ...wanted, listener: null, error: code };
    }
  }

  #openSoon(wanted: Wanted): CachePort {
    this.#timer ??= setTimeout(() => this.openContested(), contestedRetryMs);
    return { ...wanted, listener: null, error: null };
  }
}
