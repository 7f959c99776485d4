/**
 * Both levels together: what they have and what is written to them. Loads nothing. Times are the server's, or this process's own where there is none.
 *
 * What this process writes over the tracking connection it is not told of. So the first level is put right by hand twice: when a write
 * begins, and when its answer is there; what was read meanwhile is dirty.
 */
import { type Server, serverOf } from "../connection/server.ts";
import { Counts } from "./counts.ts";
import { Events } from "./events.ts";
import { TrustedLevel } from "./first-level/trusted-level.ts";
import { InFlight, type Ticket } from "./in-flight.ts";
import type { CacheOptions } from "./options.ts";
import type { Found, Request } from "./request.ts";
import { Link, ServerAway } from "./second-level/link.ts";
import { changedName, SecondLevel } from "./second-level/second-level.ts";
import { nothingRead, type Read, Stored } from "./second-level/stored.ts";
import { type CacheSettings, cacheSettings } from "./settings.ts";
import { type CacheStats, exportStats } from "./telemetry.ts";
import { Tracking, type TrackingMember } from "./tracking.ts";
import { LocalSource } from "./versions/local-source.ts";
import { isVersion, type Told, Versions, versionNames } from "./versions/versions.ts";

/** Told when what is on its way elsewhere has been overtaken. */
export interface ChangeListener {
  /** An entry or its lease. */
  onChange(name: string): void;
  onAllChanged(): void;
  /** Nothing more is told for a while. */
  onLost(): void;
}

/** The server, and what speaks to it. */
export interface Far {
  server: Server;
  link: Link;
  second: SecondLevel;
}

export class Levels {
  readonly settings: CacheSettings;
  readonly events = new Events();
  readonly counts = new Counts();
  readonly inFlight = new InFlight();
  readonly versions: Versions;
  readonly stored: Stored;
  readonly far: Far | null;
  #first: TrustedLevel | null = null;
  #member: TrackingMember | null = null;
  #leave: (() => void) | null = null;
  #endExport: (() => void) | null = null;
  #isStarted = false;
  /** Since the last loss. */
  #isHeard = false;

  constructor(options: CacheOptions) {
    this.settings = cacheSettings(options);
    this.far = options.server === undefined ? null : this.#farAt(serverOf(options.server));
    this.versions = new Versions(this.far?.second ?? new LocalSource(this.settings.clock), this.inFlight);
    this.stored = new Stored({ ...this.settings, events: this.events, versions: this.versions });
    if (this.settings.firstLevelBytesMax > 0) this.#first = this.#firstLevel();
    if (this.far === null) this.#first?.trustUntil(Number.POSITIVE_INFINITY);
  }

  /** null: there is none, or nothing would say when it is wrong. */
  get first(): TrustedLevel | null {
    return this.#first;
  }

  /** Now, in the time of entries. */
  nowMs(): number {
    const localMs = this.settings.clock.monotonicMs();
    return this.far === null ? localMs : this.far.link.time.ofLocal(localMs);
  }

  /** What the estimate of it may be wrong by. */
  nowErrorMs(): number {
    return this.far === null ? 0 : this.far.link.time.errorMs(this.settings.clock.monotonicMs());
  }

  /** At the first call that needs more than the first level. */
  start(listener: ChangeListener): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#endExport = exportStats(this.settings.namespace, () => this.stats());
    if (this.far === null || this.#first === null) return;
    this.#member = this.#asMember(listener);
    this.#leave = Tracking.of(this.far.server).join(this.#member);
  }

  stats(): CacheStats {
    const level = this.#first?.level;
    return {
      families: this.counts.stats(),
      firstLevel: { entries: level?.count ?? 0, bytes: level?.bytes ?? 0, evictions: level?.evictions ?? 0 },
      troubles: this.events.troubles,
    };
  }

  close(): void {
    this.#leave?.();
    this.#leave = null;
    this.#endExport?.();
    this.#first?.distrust();
    this.inFlight.dirtyAll();
    this.far?.link.close();
  }

  /** Rejects when the server did not answer. */
  read(request: Request): Promise<Read> {
    return this.land(request, (read, error) => {
      if (read === null) throw error;
      return read;
    });
  }

  /**
   * What `then` makes of what the second level has; that is kept in the first unless it was overtaken. `null`: the server did not answer. Without
   * a server: of what the first level has.
   */
  land<T>(request: Request, then: (read: Read | null, error?: unknown) => T | Promise<T>): Promise<T> {
    const { far } = this;
    if (far === null) return this.#landNear(request, then);
    const ticket = this.inFlight.begin(request.name);
    const versions = far.link.isTracked ? [] : versionNames(request.text, []);
    return far.second.land<T>(request.name, versions, {
      landed: (bytes, beside) => {
        const told = versions.length === 0 ? undefined : far.second.told(beside);
        const read = far.link.time.isKnown
          ? this.open(request, bytes, ticket, told)
          : far.link.knowTime().then(() => this.open(request, bytes, ticket, told));
        if (read instanceof Promise) return this.#landLater(read, ticket, then);
        this.inFlight.end(ticket);
        return then(read);
      },
      failed: (error) => {
        this.inFlight.end(ticket);
        return then(null, error);
      },
    });
  }

  async #landNear<T>(request: Request, then: (read: Read) => T | Promise<T>): Promise<T> {
    return then({ ...nothingRead, found: this.#first?.find(request.name) ?? null });
  }

  /** The server is asked for more, or another thread decompresses. */
  async #landLater<T>(
    reading: Promise<Read>,
    ticket: Ticket,
    then: (read: Read | null, error?: unknown) => T | Promise<T>,
  ): Promise<T> {
    let read: Read | null = null;
    let error: unknown;
    try {
      read = await reading;
    } catch (cause) {
      error = cause;
    } finally {
      this.inFlight.end(ticket);
    }
    return then(read, error);
  }

  open(request: Request, bytes: Buffer | null, ticket: Ticket, told?: Told): Read | Promise<Read> {
    const read = this.stored.open(request, bytes, told);
    return read instanceof Promise
      ? read.then((later) => this.#kept(request, later, ticket))
      : this.#kept(request, read, ticket);
  }

  #kept(request: Request, read: Read, ticket: Ticket): Read {
    if (read.found !== null && !ticket.isDirty) this.#first?.keep(request, read.found);
    return read;
  }

  /** A write of this process begins: what is on its way is overtaken. */
  writing(name: string): void {
    this.#first?.level.delete(name);
    this.inFlight.dirty(name);
  }

  /** It has ended, or may have; `kept` is what is there now, if that is known. */
  written(request: Pick<Request, "name">, ticket: Ticket, kept?: { request: Request; found: Found }): void {
    const isOvertaken = ticket.isDirty;
    this.writing(request.name);
    if (kept !== undefined && !isOvertaken) this.#first?.keep(kept.request, kept.found);
    this.tellNeighbours(request.name);
  }

  /** Other caches of this process, which use the same connection. */
  tellNeighbours(name: string): void {
    if (this.far !== null && this.#member !== null)
      Tracking.of(this.far.server).changedHere(`${this.settings.namespace}:${name}`, this.#member);
  }

  hitFirst({ text, family }: Request, isStale: boolean): void {
    this.counts.hit(family);
    this.#hit(text, family, isStale, 1);
  }

  hitSecond({ text, family }: Request, isStale: boolean): void {
    this.counts.add("secondLevelHits", family);
    this.#hit(text, family, isStale, 2);
  }

  /** That it is not asked for a while was said when that began. */
  troubleWithServer(error: unknown, key?: string): void {
    if (error instanceof ServerAway) return;
    this.events.trouble({ what: "server", error, ...(key === undefined ? {} : { key }) });
  }

  #hit(key: string, family: number, isStale: boolean, level: 1 | 2): void {
    if (isStale) this.counts.add("staleHits", family);
    if (this.events.isHeard) this.events.emit({ type: "hit", key, level, isStale });
  }

  #farAt(server: Server): Far {
    const link = new Link(server, this.settings, this.events);
    return { server, link, second: new SecondLevel(link, this.settings) };
  }

  #firstLevel(): TrustedLevel {
    return new TrustedLevel({
      bytesMax: this.settings.firstLevelBytesMax,
      clock: this.settings.clock,
      counts: this.counts,
      events: this.events,
      versions: this.versions,
      toLocal: (ms) => this.far?.link.time.toLocal(ms) ?? ms,
    });
  }

  #asMember(listener: ChangeListener): TrackingMember {
    const { namespace, silenceMsMax, clock } = this.settings;
    return {
      silenceMsMax,
      clock,
      onChange: (key) => this.#changed(changedName(key, namespace), listener),
      onLost: (error) => {
        this.#distrust();
        if (error === null) listener.onAllChanged();
        else listener.onLost();
      },
      onHeard: (heard) => {
        this.#isHeard = true;
        this.far?.link.time.sample(heard);
        this.#first?.trustUntil(heard.sentMs + silenceMsMax);
      },
      onRefused: (error) => {
        this.far?.link.withoutTracking();
        this.#distrust();
        listener.onLost();
        this.#first = null;
        this.events.trouble({ what: "tracking", error });
        this.#leave?.();
      },
    };
  }

  #changed(name: string | null, listener: ChangeListener): void {
    if (name === null) return;
    if (name.startsWith("#") && isVersion(name)) {
      this.versions.changed(name);
      listener.onAllChanged();
    } else {
      this.writing(name);
      listener.onChange(name);
    }
    if (this.events.isHeard) this.events.emit({ type: "invalidate", key: name, by: "another" });
  }

  #distrust(): void {
    this.#first?.distrust();
    this.inFlight.dirtyAll();
    this.versions.lost();
    // Each attempt to connect that fails is a loss.
    if (this.#isHeard && this.events.isHeard) this.events.emit({ type: "invalidate", key: null, by: "another" });
    this.#isHeard = false;
  }
}
