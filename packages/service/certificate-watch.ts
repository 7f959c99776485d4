/**
 * Notices that the certificate's files were changed and hands over the new pair. It watches their folders, as files that
 * are replaced by renaming cannot be watched themselves, and looks from time to time, as not every file system tells.
 *
 * Certificate and key are two files: between the two changes they are no pair. So a change is left to rest for a moment,
 * and a pair that is refused is not the end: it is told once, the old one goes on, and the next change is tried again.
 */
import { type FSWatcher, readFileSync, watch } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** As PEM. */
export interface CertificateFiles {
  cert: string;
  key: string;
}

export interface CertificateWatchOptions {
  certPath: string;
  keyPath: string;
  clock: Clock;
  log: Log;
  /** Called for each change that is put to use, and once for each reason why one is not. */
  count(what: "used" | "refused"): void;
}

const pollMs = 10_000;
const restMs = 100;

export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  readonly #stopping = new AbortController();
  #watchers: FSWatcher[] = [];
  /** The newest that was read, in use or refused. */
  #seen: CertificateFiles | null = null;
  /** What was last found wrong, so that it is told once. */
  #problem = "";
  #wake: AbortController | null = null;
  #use: (files: CertificateFiles) => void = () => {};

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
  }

  /** The files as they are. Throws what the file system throws. */
  read(): CertificateFiles {
    const { certPath, keyPath } = this.#options;
    this.#seen = { cert: readFileSync(certPath, "utf8"), key: readFileSync(keyPath, "utf8") };
    return this.#seen;
  }

  /** Calls `use` with each new pair from now on; it throws where it cannot be used. */
  start(use: (files: CertificateFiles) => void): void {
    const { certPath, keyPath } = this.#options;
    this.#use = use;
    this.#watchers = [...new Set([dirname(certPath), dirname(keyPath)])].flatMap((folder) => this.#watch(folder));
    void this.#keepLooking();
  }

  stop(): void {
    this.#stopping.abort();
    this.#wake?.abort();
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(folder: string): FSWatcher[] {
    try {
      const watcher = watch(folder, () => this.#wake?.abort());
      watcher.on("error", () => watcher.close());
      return [watcher];
    } catch {
      return [];
    }
  }

  async #keepLooking(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      await clock.sleep(pollMs, this.#wake.signal);
      if (this.#wake.signal.aborted) await clock.sleep(restMs, signal);
      if (!signal.aborted) this.#look();
    }
  }

  #look(): void {
    const { log } = this.#options;
    const seen = this.#seen;
    try {
      const files = this.read();
      if (files.cert === seen?.cert && files.key === seen.key) return;
      this.#use(files);
      this.#problem = "";
      this.#options.count("used");
      log.info("certificate reloaded");
    } catch (error) {
      this.#refuse(error as Error);
    }
  }

  #refuse(error: Error): void {
    if (error.message === this.#problem) return;
    this.#problem = error.message;
    this.#options.count("refused");
    this.#options.log.error({ err: error }, "certificate cannot be used; the old one stays in use");
  }
}
