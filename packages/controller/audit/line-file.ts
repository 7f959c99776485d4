/**
 * A file to which lines are added, in batches, and which makes room when it is full: `audit.log`, then `audit.log.1`, the oldest goes.
 * Only its owner can read it.
 *
 * Whoever adds never waits. A disk that takes nothing is said once in the log; lines wait, as many as may, and are lost beyond that. A
 * line that came to the disk in part is ended there, and written again in whole.
 */
import { chmodSync, renameSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import type { Clock, Log } from "@larder/service";
import { auditLimits } from "./audit-limits.ts";

export interface LineFileOptions {
  path: string;
  bytesMax: number;
  filesMax: number;
  clock: Clock;
  log: Log;
}

export class LineFile {
  readonly #options: LineFileOptions;
  readonly #stopping = new AbortController();
  #waiting: string[] = [];
  #writing: Promise<void> | null = null;
  #isFailing = false;
  #lost = 0;

  constructor(options: LineFileOptions) {
    this.#options = options;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  get linesLost(): number {
    return this.#lost;
  }

  /** `line` without its end. */
  add(line: string): void {
    if (this.#waiting.length >= auditLimits.recordsWaitingMax) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
  }

  /** What waits is written, if it can be. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    while (this.#waiting.length > 0) {
      await clock.sleep(this.#isFailing ? auditLimits.retryMs : auditLimits.writeDelayMs, signal);
      const lines = this.#waiting.slice();
      if (await this.#append(lines)) this.#waiting.splice(0, lines.length);
      else if (signal.aborted) return;
    }
  }

  async #append(lines: readonly string[]): Promise<boolean> {
    const text = `${this.#isFailing ? "\n" : ""}${lines.join("\n")}\n`;
    try {
      this.#makeRoom(Buffer.byteLength(text));
      const file = await open(this.#options.path, "a", 0o600);
      try {
        await file.writeFile(text);
      } finally {
        await file.close();
      }
      if (this.#isFailing) this.#options.log.info({ lost: this.#lost }, "calls are written down again");
      this.#isFailing = false;
      return true;
    } catch (error) {
      if (!this.#isFailing) this.#options.log.error({ err: error }, "calls cannot be written down");
      this.#isFailing = true;
      return false;
    }
  }

  #makeRoom(bytes: number): void {
    const { path, bytesMax, filesMax } = this.#options;
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size === 0 || size + bytes <= bytesMax) return;
    for (let number = filesMax - 1; number > 0; number--) {
      const from = number === 1 ? path : `${path}.${number - 1}`;
      if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, `${path}.${number}`);
    }
    chmodSync(`${path}.1`, 0o600);
  }
}
