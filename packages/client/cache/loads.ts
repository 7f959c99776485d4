/**
 * Loads: one for each key in this process, and, by a lease in the server, one in all.
 *
 *   ask    for the lease; a value that another has stored meanwhile ends it
 *   wait   while another has the lease, until it is told of a change (where nobody tells: for growing pauses); and ask again
 *   load   with the lease; the versions that the value depends on were read before
 *   fill   unless the lease is gone: then the key was invalidated, or the load took too long
 *
 * Where the server does not answer it loads without a lease and stores nothing.
 */
import type { Dependencies, Filling, Stored } from "./filling.ts";
import type { Ticket } from "./in-flight.ts";
import type { Levels } from "./levels.ts";
import { unlessAborted, withinHardTimeout } from "./load-timeout.ts";
import { familyOf } from "./names.ts";
import type { Load } from "./options.ts";
import { freshnessOf, type Request } from "./request.ts";
import { identityOf } from "./second-level/envelope.ts";
import type { LeaseAnswer } from "./second-level/second-level.ts";
import { inLoadSpan } from "./telemetry.ts";
import { Waiters } from "./waiters.ts";

/** What a load may store, and how. */
interface Permit {
  ticket: Ticket;
  /** null: the server did not say what it depends on, so it is not stored. */
  dependencies: Dependencies | null;
  lease: { token: string; seen: Buffer } | null;
}

/** Where nobody tells of changes a waiting load asks again after this, and after ever longer pauses. */
const pollMsMin = 10;
const pollMsMax = 250;

export class Loads {
  readonly #levels: Levels;
  readonly #filling: Filling;
  readonly #waiters = new Waiters();
  readonly #loads = new Map<string, Promise<unknown>>();

  constructor(levels: Levels, filling: Filling) {
    this.#levels = levels;
    this.#filling = filling;
  }

  isLoading(name: string): boolean {
    return this.#loads.has(name);
  }

  /** `seen`: of what stands in the server and does not do; null: the server did not answer. */
  load(request: Request, load: Load<unknown>, seen: Buffer | null): Promise<unknown> {
    const { name } = request;
    const underWay = this.#loads.get(name);
    if (underWay !== undefined) {
      request.onWait?.();
      return underWay;
    }
    const loading = withinHardTimeout(request.text, request.settings.hardTimeoutMs, (signal) =>
      this.#obtain(request, load, seen, signal),
    ).finally(() => {
      if (this.#loads.get(name) === loading) this.#loads.delete(name);
    });
    this.#loads.set(name, loading);
    return loading;
  }

  /** Who asks from now on does not get what is being loaded. */
  detach(name: string): void {
    this.#loads.delete(name);
  }

  detachAll(): void {
    this.#loads.clear();
  }

  /** For another's load, or for the server: what it brings is newer than any change of which is told now. */
  isWaiting(name: string): boolean {
    return this.#waiters.isExpected(name);
  }

  wake(name: string): void {
    this.#waiters.wake(name);
  }

  wakeAll(): void {
    this.#waiters.wakeAll();
  }

  async #obtain(
    request: Request,
    load: Load<unknown>,
    seenAtFirst: Buffer | null,
    signal: AbortSignal,
  ): Promise<unknown> {
    let seen = seenAtFirst;
    for (let pauseMs = pollMsMin; !signal.aborted; pauseMs = Math.min(pauseMs * 2, pollMsMax)) {
      const expected = this.#waiters.expect(request.name);
      const ticket = this.#levels.inFlight.begin(request.name);
      try {
        const permit = await this.#permit(request, seen, ticket);
        if ("ticket" in permit) {
          expected.end();
          return await this.#loadWith(request, load, permit, signal);
        }
        if (permit.kind === "held") request.onWait?.();
        if (permit.kind === "held") await this.#pause(expected.change, permit.forMs, pauseMs);
        else {
          const read = await this.#levels.open(request, permit.bytes, ticket);
          if (read.found !== null && isFresh(freshnessOf(read.found, request.settings, this.#levels.nowMs())))
            return read.found.value;
          seen = read.seen;
        }
      } finally {
        expected.end();
        this.#levels.inFlight.end(ticket);
      }
    }
    return undefined;
  }

  /** To load, or why not. */
  async #permit(
    request: Request,
    seen: Buffer | null,
    ticket: Ticket,
  ): Promise<Permit | Exclude<LeaseAnswer, { kind: "mine" }>> {
    const { far, settings } = this.#levels;
    if (far === null) return { ticket, dependencies: await this.#filling.before(request), lease: null };
    const none: Permit = { ticket, dependencies: null, lease: null };
    if (seen === null || !far.link.isOpen) return none;
    const token = settings.randomness.bytes(12).toString("base64");
    const identity = identityOf(seen);
    const lease = { name: request.name, seen: identity, token, timeMs: settings.leaseTimeMs };
    const dependencies = this.#filling.before(request).catch(() => null);
    try {
      const [answer] = await Promise.all([far.second.lease(lease), far.link.knowTime()]);
      if (answer.kind !== "mine") return answer;
      return { ticket, dependencies: await dependencies, lease: { token, seen: identity } };
    } catch (error) {
      far.second.release(request.name, token);
      this.#levels.troubleWithServer(error, request.text);
      return none;
    }
  }

  async #pause(change: Promise<void>, heldMs: number, pollMs: number): Promise<void> {
    const { far, settings } = this.#levels;
    const ms = far?.link.isTracked === true ? heldMs : Math.min(heldMs, pollMs);
    const woken = new AbortController();
    void change.then(() => woken.abort());
    await settings.clock.sleep(Math.max(1, ms), woken.signal);
  }

  async #loadWith(request: Request, load: Load<unknown>, permit: Permit, signal: AbortSignal): Promise<unknown> {
    const { counts, settings, events } = this.#levels;
    const sinceMs = this.#levels.nowMs();
    const startedMs = settings.clock.monotonicMs();
    const durationMs = () => settings.clock.monotonicMs() - startedMs;
    counts.add("loads", request.family);
    let value: unknown;
    try {
      const attributes = { namespace: settings.namespace, family: familyOf(request.text) };
      value = await unlessAborted(
        inLoadSpan(attributes, () => load({ key: request.name, signal })),
        signal,
      );
    } catch (error) {
      this.#release(request, permit);
      counts.add("loadsFailed", request.family);
      events.emit({ type: "load", key: request.text, durationMs: durationMs(), outcome: "failed", error });
      throw error;
    }
    const loaded = await this.#finish(request, value, permit, { sinceMs, signal });
    if (loaded.outcome === "fenced") counts.add("fenced", request.family);
    events.emit({ type: "load", key: request.text, durationMs: durationMs(), outcome: loaded.outcome });
    return loaded.value;
  }

  async #finish(
    request: Request,
    value: unknown,
    permit: Permit,
    { sinceMs, signal }: { sinceMs: number; signal: AbortSignal },
  ): Promise<{ value: unknown; outcome: Stored }> {
    const { far, events, stored } = this.#levels;
    const { ticket, lease } = permit;
    if (value === undefined || signal.aborted) return this.#unstored(request, permit, value);
    try {
      const written = stored.written(value);
      const dependencies =
        permit.dependencies && (await this.#filling.after(request, written.value, permit.dependencies, sinceMs));
      if (dependencies === null) return this.#unstored(request, permit, written.value);
      const outcome = await this.#filling.store({ request, written, dependencies, ticket }, async (bytes, lifeMs) =>
        lease === null || far === null ? false : far.second.fill({ name: request.name, ...lease, bytes, lifeMs }),
      );
      if (outcome !== "stored") this.#release(request, permit);
      // One that was detached may wait in this process, which is not told of its own writes.
      this.wake(request.name);
      return { value: written.value, outcome };
    } catch (error) {
      events.trouble({ what: "value", key: request.text, error });
      return this.#unstored(request, permit, value);
    }
  }

  #unstored(request: Request, permit: Permit, value: unknown): { value: unknown; outcome: Stored } {
    this.#release(request, permit);
    return { value, outcome: "not stored" };
  }

  /** Who waits is woken, and loads itself. */
  #release({ name }: Request, { lease }: Permit): void {
    if (lease === null) return;
    this.#levels.far?.second.release(name, lease.token);
    this.#levels.tellNeighbours(name);
    this.wake(name);
  }
}

function isFresh(freshness: ReturnType<typeof freshnessOf>): boolean {
  return freshness === "fresh" || freshness === "refresh";
}
