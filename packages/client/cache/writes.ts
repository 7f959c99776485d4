/** What an application changes. Local at once, then in the server; none rejects, each says whether the server has done it. */
import type { Filling } from "./filling.ts";
import type { Levels } from "./levels.ts";
import { cacheLimits } from "./limits.ts";
import type { Loads } from "./loads.ts";
import { partCount } from "./names.ts";
import type { ReadThrough } from "./read-through.ts";
import type { Request } from "./request.ts";
import { checkedTags } from "./settings.ts";
import { prefixVersion, rootVersion, tagVersion } from "./versions/versions.ts";

export class Writes {
  readonly #levels: Levels;
  readonly #filling: Filling;
  readonly #reads: ReadThrough;
  readonly #loads: Loads;

  constructor(levels: Levels, filling: Filling, reads: ReadThrough, loads: Loads) {
    this.#levels = levels;
    this.#filling = filling;
    this.#reads = reads;
    this.#loads = loads;
  }

  async set(request: Request, value: unknown): Promise<boolean> {
    const { stored, inFlight, far } = this.#levels;
    if (value === undefined) throw new TypeError("undefined cannot be stored; null can.");
    const written = stored.written(value);
    this.#begin(request);
    const ticket = inFlight.begin(request.name);
    const sinceMs = this.#levels.nowMs();
    try {
      const [before] = await Promise.all([this.#filling.before(request), far?.link.knowTime()]);
      const dependencies = await this.#filling.after(request, written.value, before, sinceMs);
      if (dependencies === null) return await this.invalidate([request]);
      const outcome = await this.#filling.store({ request, written, dependencies, ticket }, async (bytes, lifeMs) => {
        await far?.second.store(request.name, bytes, lifeMs);
        return true;
      });
      return outcome === "stored";
    } catch (error) {
      this.#levels.troubleWithServer(error, request.text);
      return false;
    } finally {
      inFlight.end(ticket);
      this.#loads.wake(request.name);
    }
  }

  invalidate(requests: readonly Request[]): Promise<boolean> {
    return this.#change(requests, (names) => this.#levels.far?.second.remove(names));
  }

  expire(requests: readonly Request[]): Promise<boolean> {
    const { far, settings } = this.#levels;
    if (far === null) {
      for (const { name } of requests) {
        this.#levels.first?.level.expire(name, settings.clock.monotonicMs());
        this.#levels.inFlight.dirty(name);
        this.#reads.detach(name);
      }
      return Promise.resolve(true);
    }
    return this.#change(requests, async (names) => {
      await far.link.knowTime();
      await far.second.expire(names, this.#levels.nowMs());
    });
  }

  invalidateTags(tags: readonly string[]): Promise<boolean> {
    return this.#renew(checkedTags(tags).map(tagVersion), null);
  }

  invalidatePrefix(prefix: string): Promise<boolean> {
    if (partCount(prefix) > cacheLimits.prefixPartsMax)
      throw new TypeError(`A prefix has ${cacheLimits.prefixPartsMax} parts at most.`);
    return this.#renew([prefixVersion(prefix)], prefix);
  }

  clear(): Promise<boolean> {
    return this.#renew([rootVersion], null);
  }

  async #change(
    requests: readonly Request[],
    tell: (names: readonly string[]) => Promise<void> | undefined,
  ): Promise<boolean> {
    const { inFlight, events } = this.#levels;
    for (const request of requests) this.#begin(request);
    const tickets = requests.map(({ name }) => inFlight.begin(name));
    try {
      await tell(requests.map(({ name }) => name));
      return true;
    } catch (error) {
      this.#levels.troubleWithServer(error);
      return false;
    } finally {
      for (const [index, request] of requests.entries()) {
        const ticket = tickets[index];
        if (ticket === undefined) continue;
        this.#levels.written(request, ticket);
        inFlight.end(ticket);
        this.#loads.wake(request.name);
        if (events.isHeard) events.emit({ type: "invalidate", key: request.text, by: "this process" });
      }
    }
  }

  /** Loads that are under way go on for those who wait already, and for nobody else. */
  #begin({ name }: Request): void {
    this.#levels.writing(name);
    this.#reads.detach(name);
  }

  async #renew(versions: readonly string[], key: string | null): Promise<boolean> {
    const { events } = this.#levels;
    this.#reads.detachAll();
    const results = await Promise.allSettled(versions.map((version) => this.#levels.versions.renew(version)));
    this.#reads.detachAll();
    for (const version of versions) this.#levels.tellNeighbours(version);
    if (events.isHeard) events.emit({ type: "invalidate", key, by: "this process" });
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) this.#levels.troubleWithServer(failed.reason);
    return failed === undefined;
  }
}
