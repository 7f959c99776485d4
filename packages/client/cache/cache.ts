/**
 * A cache of two levels: one in this process, kept right by what the server tells of changes, and one in the server, shared by all processes.
 *
 * What it gives out has been through the serializer, and is frozen, as it is shared. A call never fails because the server did: then the
 * source is asked, and what could not be stored is an event.
 */
import { BatchLoad } from "./batch-load.ts";
import { Filling } from "./filling.ts";
import { Levels } from "./levels.ts";
import { Loads } from "./loads.ts";
import { writtenOut } from "./names.ts";
import type { CacheEvent, CacheOptions, EntryOptions, Key, Load, LoadMany } from "./options.ts";
import { ReadThrough } from "./read-through.ts";
import { freshnessOf, type Request, requestFor } from "./request.ts";
import { type EntrySettings, entryDefaults, entrySettings } from "./settings.ts";
import type { CacheStats } from "./telemetry.ts";
import { Writes } from "./writes.ts";

export class Cache {
  readonly #levels: Levels;
  readonly #loads: Loads;
  readonly #reads: ReadThrough;
  readonly #writes: Writes;
  readonly #defaults: EntrySettings;

  constructor(options: CacheOptions) {
    this.#defaults = entrySettings(options.defaults, entryDefaults);
    this.#levels = new Levels(options);
    const filling = new Filling(this.#levels);
    this.#loads = new Loads(this.#levels, filling);
    this.#reads = new ReadThrough(this.#levels, this.#loads);
    this.#writes = new Writes(this.#levels, filling, this.#reads, this.#loads);
  }

  /**
   * The value of the key; where there is none it is loaded, once in all processes, and stored. Synchronous where the first level has
   * it. `null` from the loader is stored for `negativeTtl`, `undefined` never. Rejects with what the loader does, or LoadTimeout.
   */
  getOrLoad<T>(key: Key, load: Load<T>, options?: EntryOptions): T | Promise<T> {
    const text = writtenOut(key);
    const hit = this.#levels.first?.hit(text);
    if (hit !== undefined) return hit as T;
    return this.#getOrLoad(this.#request(text, this.#settings(options)), load) as T | Promise<T>;
  }

  /**
   * The values of many keys, in their order, by one round trip and one load of all that are missing; null where the loader says that there is none. What
   * another process is loading is waited for. Rejects when the load of one of them does.
   */
  getMany<T>(keys: readonly Key[], loadMissing: LoadMany<T>, options?: EntryOptions): Promise<T[]> {
    const settings = this.#settings(options);
    const texts = keys.map(writtenOut);
    const batch = new BatchLoad(loadMissing as LoadMany<unknown>, keys.length);
    const values = texts.map((text, index) => {
      const { load, decided } = batch.part(keys[index] as Key);
      const hit = this.#levels.first?.hit(text);
      const value =
        hit === undefined ? this.#getOrLoad({ ...this.#request(text, settings), onWait: decided }, load) : hit;
      if (value instanceof Promise) return value.finally(decided);
      decided();
      return value;
    });
    return Promise.all(values) as Promise<T[]>;
  }

  /** Of the first level alone. */
  peek<T>(key: Key): T | undefined {
    return this.#levels.first?.hit(writtenOut(key)) as T | undefined;
  }

  /** Of both levels; undefined where there is none, or the server does not answer. */
  get<T>(key: Key, options?: EntryOptions): T | undefined | Promise<T | undefined> {
    const text = writtenOut(key);
    const hit = this.#levels.first?.hit(text);
    return hit === undefined ? this.#getFar<T>(this.#request(text, this.#settings(options))) : (hit as T);
  }

  /** False: the server does not have it. It is not in the first level either then, unless there is no server. */
  set(key: Key, value: unknown, options?: EntryOptions): Promise<boolean> {
    return this.#writes.set(this.#request(writtenOut(key), this.#settings(options)), value);
  }

  /** The entries are gone, in all processes, and loads that are under way are not stored. False: the server could not be told. */
  invalidate(...keys: Key[]): Promise<boolean> {
    return this.#writes.invalidate(keys.map((key) => this.#request(writtenOut(key))));
  }

  /** Stale from now on: loaded anew, and served only as `staleWhileRevalidate` and `staleIfError` say. False as with `invalidate`. */
  expire(...keys: Key[]): Promise<boolean> {
    return this.#writes.expire(keys.map((key) => this.#request(writtenOut(key))));
  }

  /** All entries with one of the tags. Costs the same however many there are. False as with `invalidate`. */
  invalidateTags(tags: readonly string[]): Promise<boolean> {
    this.#start();
    return this.#writes.invalidateTags(tags);
  }

  /** All entries whose key begins with these parts; not the one that is called so itself. False as with `invalidate`. */
  invalidatePrefix(prefix: Key): Promise<boolean> {
    this.#start();
    return this.#writes.invalidatePrefix(writtenOut(prefix));
  }

  /** All entries of the namespace. False as with `invalidate`. */
  clear(): Promise<boolean> {
    this.#start();
    return this.#writes.clear();
  }

  /** Returns what ends it. A listener is called in the midst of the call that it hears of, and should be quick. */
  on<T extends CacheEvent["type"] | "*">(
    type: T,
    listener: (event: T extends "*" ? CacheEvent : Extract<CacheEvent, { type: T }>) => void,
  ): () => void {
    return this.#levels.events.on(type, listener);
  }

  /** Counted since the cache was made. */
  stats(): CacheStats {
    return this.#levels.stats();
  }

  /** Ends what the cache does by itself. The server's connections stay, as others may use them. */
  close(): void {
    this.#levels.close();
  }

  #getOrLoad(request: Request, load: Load<unknown>): unknown {
    const near = this.#near(request, load);
    return near === undefined ? this.#reads.get(request, load) : near;
  }

  #settings(options: EntryOptions | undefined): EntrySettings {
    return entrySettings(options, this.#defaults);
  }

  #request(text: string, settings = this.#defaults): Request {
    this.#start();
    return requestFor(text, settings, this.#levels.counts);
  }

  #start(): void {
    this.#levels.start({
      onChange: (name) => {
        this.#reads.detachOvertaken(name);
        this.#loads.wake(name);
      },
      onAllChanged: () => {
        this.#reads.detachAll();
        this.#loads.wakeAll();
      },
      // Loads that are under way stay for all: without the server they are what spares the source.
      onLost: () => this.#loads.wakeAll(),
    });
  }

  /** What the first level has though a hit needs thought: it is to be loaded anew, or was found by another name. */
  #near(request: Request, load: Load<unknown> | null): unknown {
    const { first } = this.#levels;
    const near = first?.find(request.name);
    if (!first || !near) return undefined;
    const nowMs = this.#levels.settings.clock.monotonicMs();
    const isStale = nowMs >= near.freshUntilMs;
    if (isStale && nowMs >= near.freshUntilMs + request.settings.staleWhileRevalidateMs) return undefined;
    if (!near.isCalm && load !== null) void this.#reads.refreshUnseen(request, load);
    this.#levels.hitFirst(request, isStale);
    return near.value;
  }

  async #getFar<T>(request: Request): Promise<T | undefined> {
    const near = this.#near(request, null);
    if (near !== undefined || this.#levels.far === null) return near as T | undefined;
    try {
      const { found } = await this.#levels.read(request);
      const freshness = found && freshnessOf(found, request.settings, this.#levels.nowMs());
      if (found === null || freshness === "over" || freshness === "on error") return undefined;
      this.#levels.hitSecond(request, freshness === "stale");
      return found.value as T;
    } catch (error) {
      this.#levels.troubleWithServer(error, request.text);
      return undefined;
    }
  }
}

/** Connects to nothing before its first use. Throws a TypeError for options that are none. */
export function createCache(options: CacheOptions): Cache {
  return new Cache(options);
}
