/**
 * When a new connection may come in. Those that are there come first: a burst is let in up to a rate, for each cache and
 * for the process, and a TLS handshake, which costs far more than everything else about a connection, only where few
 * have begun just now and not too many are going on. Whoever may not come in yet waits in line, each cache in a line of
 * its own, and the lines take turns: one cache's storm does not hold up another's clients. It keeps no time of its own.
 *
 * A line is not served beyond `connectionWaitMs`: who waited for that long has mostly given up, and serving those would
 * leave no time for those who have not.
 */
import { limits } from "../limits.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What comes in. `line` is a cache's id, or empty where the cache is not known yet. */
export interface Newcomer {
  readonly line: string;
  readonly isTls: boolean;
  readonly arrivedMs: number;
}

const processRate = { perSecond: limits.processConnectionsPerSecond, burst: limits.processConnectionsBurst };
const cacheRate = { perSecond: limits.cacheConnectionsPerSecond, burst: limits.cacheConnectionsBurst };
const handshakeRate = { perSecond: limits.handshakesPerSecond, burst: limits.handshakesBurst };

export class Admission<N extends Newcomer> {
  readonly #process: TokenBucket;
  readonly #handshakes: TokenBucket;
  readonly #caches = new Map<string, TokenBucket>();
  /** In the order of their turns; no line is empty. */
  readonly #lines = new Map<string, Set<N>>();
  #waiting = 0;

  constructor(nowMs: number) {
    this.#process = new TokenBucket(processRate, nowMs);
    this.#handshakes = new TokenBucket(handshakeRate, nowMs);
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** "wait" puts it in line: `next` gives it back. "full" does not. */
  offer(newcomer: N, nowMs: number, handshakesFree: number): "enter" | "wait" | "full" {
    if (!this.#lines.has(newcomer.line) && this.#mayEnter(newcomer, nowMs, handshakesFree)) return "enter";
    if (this.#waiting >= limits.connectionsWaitingMax) return "full";
    const line = this.#lines.get(newcomer.line) ?? new Set();
    this.#lines.set(newcomer.line, line.add(newcomer));
    this.#waiting++;
    return "wait";
  }

  /** The next that may enter; undefined while none may. */
  next(nowMs: number, handshakesFree: number): N | undefined {
    for (const [name, line] of this.#lines) {
      const [first] = line;
      if (first === undefined || !this.#mayEnter(first, nowMs, handshakesFree)) continue;
      this.leave(first);
      if (line.size > 0) {
        this.#lines.delete(name);
        this.#lines.set(name, line);
      }
      return first;
    }
    return undefined;
  }

  /** Takes out those that have waited for too long. */
  expired(nowMs: number): N[] {
    const found: N[] = [];
    for (const line of this.#lines.values()) {
      for (const newcomer of line) {
        if (nowMs - newcomer.arrivedMs < limits.connectionWaitMs) break;
        found.push(newcomer);
      }
    }
    for (const newcomer of found) this.leave(newcomer);
    return found;
  }

  /** It is in line no more, if it was. */
  leave(newcomer: N): void {
    const line = this.#lines.get(newcomer.line);
    if (line?.delete(newcomer) !== true) return;
    this.#waiting--;
    if (line.size === 0) this.#lines.delete(newcomer.line);
  }

  /** Counts a connection against its cache where that was not known when it came in. False: the cache has had too many. */
  takeFor(cacheId: string, nowMs: number): boolean {
    return this.#cache(cacheId, nowMs).take(nowMs);
  }

  forgetCache(cacheId: string): void {
    this.#caches.delete(cacheId);
  }

  #mayEnter(newcomer: N, nowMs: number, handshakesFree: number): boolean {
    const cache = newcomer.line === "" ? null : this.#cache(newcomer.line, nowMs);
    if (newcomer.isTls && (handshakesFree < 1 || !this.#handshakes.has(nowMs))) return false;
    if (!this.#process.has(nowMs) || cache?.has(nowMs) === false) return false;
    this.#process.take(nowMs);
    cache?.take(nowMs);
    if (newcomer.isTls) this.#handshakes.take(nowMs);
    return true;
  }

  #cache(cacheId: string, nowMs: number): TokenBucket {
    const bucket = this.#caches.get(cacheId) ?? new TokenBucket(cacheRate, nowMs);
    this.#caches.set(cacheId, bucket);
    return bucket;
  }
}
