/**
 * The first level as calls meet it: what it has, and whether that may be believed. An entry counts only
 *   - until `trustedUntilMs`: the connection that tells of changes was heard within the silence that is allowed,
 *   - while its versions are what they were,
 *   - while nobody has changed it: what is told of a key removes it, and dirties what is on its way.
 */
import type { Clock } from "../../clock.ts";
import type { Counts } from "../counts.ts";
import type { Events } from "../events.ts";
import { type Found, type Request, refreshAtMs } from "../request.ts";
import type { Versions } from "../versions/versions.ts";
import { FirstLevel } from "./first-level.ts";

/** An entry of the first level. When it was stored is not remembered: whether a hit is to load it anew is `isCalm`. */
export interface Near extends Found {
  isCalm: boolean;
}

export interface TrustedLevelParts {
  bytesMax: number;
  clock: Clock;
  counts: Counts;
  events: Events;
  versions: Versions;
  /** Of the times in entries to those of the clock. */
  toLocal: (ms: number) => number;
}

/** "#" in front is what is hashed; nobody's key is found there as it was given. */
const hashMark = 35;

export class TrustedLevel {
  readonly level: FirstLevel;
  readonly #parts: TrustedLevelParts;
  readonly #clock: Clock;
  readonly #counts: Counts;
  readonly #events: Events;
  readonly #versions: Versions;
  #trustedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: TrustedLevelParts) {
    this.level = new FirstLevel(parts.bytesMax);
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#counts = parts.counts;
    this.#events = parts.events;
    this.#versions = parts.versions;
  }

  /** The hot path: undefined unless it may be handed out without a thought. */
  hit(text: string): unknown {
    const index = this.level.indexOf(text);
    if (index === undefined || text.charCodeAt(0) === hashMark) return undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#trustedUntilMs || !this.level.isCalm(index, nowMs, this.#versions.stamp)) return undefined;
    this.#counts.hit(this.level.familyAt(index));
    if (this.#events.isHeard) this.#events.emit({ type: "hit", key: text, level: 1, isStale: false });
    return this.level.valueAt(index);
  }

  /** What there is, however old. Times are local. */
  find(name: string): Near | null {
    const index = this.level.indexOf(name);
    const nowMs = this.#clock.monotonicMs();
    if (index === undefined || nowMs >= this.#trustedUntilMs) return null;
    if (!this.level.isCurrentAt(index, this.#versions.stamp)) {
      this.level.delete(name);
      return null;
    }
    return {
      value: this.level.valueAt(index),
      valueBytes: 0,
      versions: this.level.versionsAt(index),
      storedAtMs: this.level.freshUntilAt(index),
      freshUntilMs: this.level.freshUntilAt(index),
      isCalm: this.level.isCalm(index, nowMs, this.#versions.stamp),
    };
  }

  keep({ name, family, settings }: Request, found: Found): void {
    if (settings.skipFirstLevel || !found.versions.isCurrent(this.#versions.stamp)) return;
    const freshUntilMs = this.#parts.toLocal(found.freshUntilMs);
    const refreshMs = settings.refreshAhead === 1 ? freshUntilMs : this.#parts.toLocal(refreshAtMs(found, settings));
    const { value, valueBytes, versions } = found;
    const calmUntilMs = Math.min(freshUntilMs, refreshMs);
    this.level.set(name, { value, valueBytes, freshUntilMs, calmUntilMs, family, versions }, this.#versions.stamp);
  }

  trustUntil(ms: number): void {
    this.#trustedUntilMs = Math.max(this.#trustedUntilMs, ms);
  }

  /** Anything may have changed. */
  distrust(): void {
    this.#trustedUntilMs = Number.NEGATIVE_INFINITY;
    this.level.clear();
  }
}
