/**
 * A daemon's line to the controller, over its Unix socket: follow one stream of whole documents, and send reports.
 * A broken stream is opened again with backoff; silence longer than three keep-alives counts as broken.
 */
import { backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Randomness } from "./randomness.ts";

export interface ControllerLinkOptions {
  socketPath: string;
  keepAliveMs: number;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

const reconnect = { firstMs: 20, maxMs: 1_000 };

export class ControllerLink {
  readonly #options: ControllerLinkOptions;

  constructor(options: ControllerLinkOptions) {
    this.#options = options;
  }

  /** Calls `onDocument` for each document, in order, until the signal aborts. Never rejects. */
  async follow<T>(path: string, onDocument: (document: T) => void, signal: AbortSignal): Promise<void> {
    const { clock, randomness, log } = this.#options;
    for (let attempt = 0; !signal.aborted; attempt++) {
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
        if (!signal.aborted) log.debug({ path, err: error }, "controller stream lost");
      }
      await clock.sleep(backoffMs(attempt, reconnect, randomness), signal);
    }
  }

  /** Sends one report. Returns whether the controller took it; a lost one is repeated by the next. */
  async report(path: string, document: unknown): Promise<boolean> {
    try {
      const response = await fetch(`http://controller${path}`, {
        unix: this.#options.socketPath,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(document),
        signal: AbortSignal.timeout(this.#options.keepAliveMs),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  async #readStream<T>(path: string, onDocument: (document: T) => void, signal: AbortSignal): Promise<void> {
    const silence = new AbortController();
    const silenceMs = 3 * this.#options.keepAliveMs;
    let timer = setTimeout(() => silence.abort(), silenceMs);
    try {
      const response = await fetch(`http://controller${path}`, {
        unix: this.#options.socketPath,
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (!response.ok || response.body === null) throw new Error(`controller answered ${response.status}`);
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
