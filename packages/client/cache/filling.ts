/** From a value to an entry: how long it lives, what it depends on, and into which levels it goes. */
import type { Ticket } from "./in-flight.ts";
import type { Levels } from "./levels.ts";
import type { Found, Request } from "./request.ts";
import type { Written } from "./second-level/stored.ts";
import { checkedTags, type EntrySettings, freshMsOf } from "./settings.ts";
import { tagVersion, versionNames } from "./versions/versions.ts";

/** What an entry depends on. */
export interface Dependencies {
  tags: readonly string[];
  tokens: string[];
}

export type Stored = "stored" | "fenced" | "not stored";

export class Filling {
  readonly #levels: Levels;

  constructor(levels: Levels) {
    this.#levels = levels;
  }

  /** Before the load: of the namespace, the prefixes, and the tags as far as they are known. */
  async before(request: Request): Promise<Dependencies> {
    const { tags } = request.settings;
    const known = typeof tags === "function" ? [] : tags;
    return { tags: known, tokens: await this.#levels.versions.ensured(versionNames(request.text, known)) };
  }

  /** And of the tags that the value has; null where one was invalidated since `sinceMs`, as that may be why it is wrong. */
  async after(request: Request, value: unknown, before: Dependencies, sinceMs: number): Promise<Dependencies | null> {
    const { tags } = request.settings;
    if (typeof tags !== "function") return before;
    const found = checkedTags(tags(value));
    const tokens = await this.#levels.versions.ensuredSince(found.map(tagVersion), sinceMs - this.#levels.nowErrorMs());
    return tokens && { tags: found, tokens: [...before.tokens, ...tokens] };
  }

  /**
   * Into both levels. `put` writes to the server, and says whether that was still right. Never rejects: what the server does not take is
   * trouble, and not stored.
   */
  async store(
    fill: { request: Request; written: Written; dependencies: Dependencies; ticket: Ticket },
    put: (bytes: Buffer, lifeMs: number) => Promise<boolean>,
  ): Promise<Stored> {
    const { request, written, dependencies, ticket } = fill;
    const found = this.#found(request, written, dependencies);
    const lifeMs = found === null ? 0 : found.freshUntilMs - found.storedAtMs + staleMs(request.settings);
    if (found === null || lifeMs <= 0) return "not stored";
    try {
      if (this.#levels.far !== null) {
        const bytes = await this.#levels.stored.envelope(written, { ...found, ...dependencies });
        found.valueBytes = bytes.length;
        if (!(await put(bytes, lifeMs))) return this.#ended(request, ticket, "fenced");
      } else if (ticket.isDirty) return this.#ended(request, ticket, "fenced");
      this.#levels.written(request, ticket, { request, found });
      return "stored";
    } catch (error) {
      this.#levels.troubleWithServer(error, request.text);
      return this.#ended(request, ticket, "not stored");
    }
  }

  #ended(request: Request, ticket: Ticket, outcome: Stored): Stored {
    this.#levels.written(request, ticket);
    return outcome;
  }

  #found({ text, settings }: Request, written: Written, { tags, tokens }: Dependencies): Found | null {
    const versions = this.#levels.versions.setFor(versionNames(text, tags), tokens);
    if (versions === null) return null;
    const storedAtMs = this.#levels.nowMs();
    const freshMs = freshMsOf(written.isNull ? null : written.value, settings);
    const jittered = freshMs * (1 - settings.jitter * this.#levels.settings.randomness.fraction());
    const { value, payload } = written;
    return { value, valueBytes: payload.length, storedAtMs, freshUntilMs: storedAtMs + jittered, versions };
  }
}

function staleMs({ staleWhileRevalidateMs, staleIfErrorMs }: EntrySettings): number {
  return Math.max(staleWhileRevalidateMs, staleIfErrorMs);
}
