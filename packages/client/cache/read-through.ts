/**
 * One call for one key, from the second level on: what is there, whether it does, and else the load. One for each key in this process at a time.
 *
 *   fresh     served
 *   refresh   served, and loaded anew behind it: `refreshAhead`
 *   stale     served, and loaded anew behind it: `staleWhileRevalidate`
 *   on error  loaded; served when the source fails, or takes longer than `softTimeout`
 *   over      loaded
 */
import type { Levels } from "./levels.ts";
import type { Loads } from "./loads.ts";
import type { Load } from "./options.ts";
import { type Found, freshnessOf, type Request } from "./request.ts";
import type { Read } from "./second-level/stored.ts";

interface Flight {
  promise: Promise<unknown> | null;
}

export class ReadThrough {
  readonly #levels: Levels;
  readonly #loads: Loads;
  readonly #flights = new Map<string, Flight>();

  constructor(levels: Levels, loads: Loads) {
    this.#levels = levels;
    this.#loads = loads;
  }

  get(request: Request, load: Load<unknown>): Promise<unknown> {
    const underWay = this.#flights.get(request.name)?.promise;
    if (underWay) {
      request.onWait?.();
      return underWay;
    }
    const flight: Flight = { promise: null };
    this.#flights.set(request.name, flight);
    const promise = this.#levels.land<unknown>(request, (read, error) => {
      if (read === null) this.#levels.troubleWithServer(error, request.text);
      return this.#landed(request, load, read, flight);
    });
    flight.promise = promise;
    return promise;
  }

  /** Nobody waits for it, and it fails in silence but for its events. */
  refresh(request: Request, load: Load<unknown>, seen: Buffer | null): void {
    if (!this.#loads.isLoading(request.name)) this.#loads.load(request, load, seen).catch(() => {});
  }

  /** Behind what the first level served; what stands in the second is not known. */
  async refreshUnseen(request: Request, load: Load<unknown>): Promise<void> {
    if (this.#loads.isLoading(request.name) || this.#flights.has(request.name)) return;
    const read = await this.#levels.read(request).catch(() => null);
    this.refresh(request, load, read === null ? null : read.seen);
  }

  /** Another process has changed the key. A load that only waits for another's is about to have the value. */
  detachOvertaken(name: string): void {
    if (this.#loads.isWaiting(name)) return;
    this.detach(name);
  }

  detach(name: string): void {
    this.#flights.delete(name);
    this.#loads.detach(name);
  }

  detachAll(): void {
    this.#flights.clear();
    this.#loads.detachAll();
  }

  #landed(request: Request, load: Load<unknown>, read: Read | null, flight: Flight): unknown {
    const served = this.#serve(request, load, read);
    if (served === undefined) return this.#load(request, load, read).finally(() => this.#end(request, flight));
    this.#end(request, flight);
    return served;
  }

  #end({ name }: Request, flight: Flight): void {
    if (this.#flights.get(name) === flight) this.#flights.delete(name);
  }

  /** Without waiting for a load; undefined where that cannot be. */
  #serve(request: Request, load: Load<unknown>, read: Read | null): unknown {
    if (!read?.found) return undefined;
    const freshness = freshnessOf(read.found, request.settings, this.#levels.nowMs());
    if (freshness === "on error" || freshness === "over") return undefined;
    this.#levels.hitSecond(request, freshness === "stale");
    if (freshness !== "fresh") this.refresh(request, load, read.seen);
    return read.found.value;
  }

  #load(request: Request, load: Load<unknown>, read: Read | null): Promise<unknown> {
    this.#missed(request);
    const loading = this.#loads.load(request, load, read === null ? null : read.seen);
    const isOfUse = read?.found && freshnessOf(read.found, request.settings, this.#levels.nowMs()) !== "over";
    return isOfUse && read?.found ? this.#orStale(request, loading, read.found) : loading;
  }

  /** The old value, when the source fails or takes too long. */
  async #orStale(request: Request, loading: Promise<unknown>, found: Found): Promise<unknown> {
    const { softTimeoutMs } = request.settings;
    const serveStale = () => {
      this.#levels.hitSecond(request, true);
      return found.value;
    };
    const orStale = loading.catch(serveStale);
    if (softTimeoutMs === null) return orStale;
    const ended = new AbortController();
    const soft = this.#levels.settings.clock.sleep(softTimeoutMs, ended.signal).then(() => serveStale);
    const first = await Promise.race([orStale.then((value) => () => value), soft]);
    ended.abort();
    return first();
  }

  #missed({ text, family }: Request): void {
    this.#levels.counts.add("misses", family);
    if (this.#levels.events.isHeard) this.#levels.events.emit({ type: "miss", key: text });
  }
}
