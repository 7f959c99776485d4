/**
 * A daemon's line to the controller: follow one stream of whole documents, and send reports. A broken stream is opened
 * again with backoff; silence longer than three keep-alives counts as broken. A host that was removed is told so once, and
 * nothing is asked or said any more.
 */
import { LarderError } from "@larder/api";
import { backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { type ControllerDoor, requestController } from "./controller-door.ts";
import type { Log } from "./log.ts";
import type { Randomness } from "./randomness.ts";

export interface ControllerLinkOptions {
  door: ControllerDoor;
  keepAliveMs: number;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

const reconnect = { firstMs: 20, maxMs: 1_000 };

export class ControllerLink {
  readonly #options: ControllerLinkOptions;
  readonly #removed = Promise.withResolvers<LarderError>();
  #isRemoved = false;
  #stream = new AbortController();
  /** What the last stream was refused with. */
  #refusal = "";

  constructor(options: ControllerLinkOptions) {
    this.#options = options;
  }

  /** Resolves when the controller has said that this host was removed. */
  get removed(): Promise<LarderError> {
    return this.#removed.promise;
  }

  /** Calls `onDocument` for each document, in order, until the signal aborts or the host is removed. Never rejects. */
  async follow<T>(path: string, onDocument: (document: T) => void, signal: AbortSignal): Promise<void> {
    const { clock, randomness } = this.#options;
    for (let attempt = 0; !signal.aborted && !this.#isRemoved; attempt++) {
      try {
        await this.#readStream<T>(
          path,
          (document) => {
            attempt = 0;
            onDocument(document);
          },
          signal,
        );
      } catch (error) {
        if (!signal.aborted) this.#onLost(path, error);
      }
      await clock.sleep(backoffMs(attempt, reconnect, randomness), signal);
    }
  }

  /** Sends one report. Returns whether the controller took it; a lost one is repeated by the next. */
  async report(path: string, document: unknown): Promise<boolean> {
    try {
      await (await this.#post(path, document)).arrayBuffer();
      return true;
    } catch {
      return false;
    }
  }

  /** Sends what has an answer. Throws LarderError where it is refused, and the runtime's error where there is no connection. */
  async ask<T>(path: string, document: unknown, timeoutMs?: number): Promise<T> {
    return (await (await this.#post(path, document, timeoutMs)).json()) as T;
  }

  /** Asks for the stream's document anew. What came on the way before that is not heard any more. */
  reopen(): void {
    this.#stream.abort();
  }

  async #post(path: string, body: unknown, timeoutMs = this.#options.keepAliveMs): Promise<Response> {
    if (this.#isRemoved) throw await this.removed;
    const signal = AbortSignal.timeout(timeoutMs);
    return requestController(this.#options.door, path, { method: "POST", body, signal });
  }

  #onLost(path: string, error: unknown): void {
    const { log } = this.#options;
    if (!(error instanceof LarderError)) return log.debug({ path, err: error }, "controller stream lost");
    if (error.code === "HostRemoved") {
      this.#isRemoved = true;
      this.#removed.resolve(error);
    }
    if (error.message !== this.#refusal)
      log.error({ path, code: error.code, reason: error.message }, "controller refuses");
    this.#refusal = error.message;
  }

  async #readStream<T>(path: string, onDocument: (document: T) => void, signal: AbortSignal): Promise<void> {
    const silence = new AbortController();
    this.#stream = silence;
    const silenceMs = 3 * this.#options.keepAliveMs;
    let timer = setTimeout(() => silence.abort(), silenceMs);
    try {
      const response = await requestController(this.#options.door, path, {
        signal: AbortSignal.any([signal, silence.signal]),
      });
      this.#refusal = "";
      if (response.body === null) throw new Error("the stream has no body");
      const decoder = new TextDecoder();
      let pending = "";
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), silenceMs);
        pending += decoder.decode(chunk, { stream: true });
        const lines = pending.split("\n");
        pending = lines.pop() ?? "";
        for (const line of lines) if (line !== "") onDocument(JSON.parse(line) as T);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
