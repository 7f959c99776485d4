/**
 * Notices that the certificate's files were changed and hands over the new pair. It watches their folders, as files that
 * are replaced by renaming cannot be watched themselves, and looks from time to time, as not every file system tells.
 *
 * Certificate and key are two files: between the two changes they are no pair. So a change is left to rest for a moment,
 * and a pair that is refused is not the end: it is told once, the old one goes on, and the next change is tried again.
 */
import { type FSWatcher, readFileSync, watch } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Log } from "@larder/service";
import { counters } from "../metrics.ts";
import type { TlsFiles } from "./tls-contexts.ts";

export interface CertificateWatchOptions {
  certPath: string;
  keyPath: string;
  clock: Clock;
  log: Log;
}

const pollMs = 10_000;
const restMs = 100;

export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  readonly #stopping = new AbortController();
  #watchers: FSWatcher[] = [];
  /** The newest that was read, in use or refused. */
  #seen: TlsFiles | null = null;
  /** What was last found wrong, so that it is told once. */
  #problem = "";
  #wake: AbortController | null = null;
  #use: (files: TlsFiles) => void = () => {};

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
  }

  /** The files as they are. Throws what the file system throws. */
  read(): TlsFiles {
    const { certPath, keyPath } = this.#options;
    this.#seen = { cert: readFileSync(certPath, "utf8"), key: readFileSync(keyPath, "utf8") };
    return this.#seen;
  }

  /** Calls `use` with each new pair from now on; it throws where it cannot be used. */
  start(use: (files: TlsFiles) => void): void {
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
      counters.larder_gateway_certificate_reloads_total++;
      log.info("certificate reloaded");
    } catch (error) {
      this.#refuse(error as Error);
    }
  }

  #refuse(error: Error): void {
    if (error.message === this.#problem) return;
    this.#problem = error.message;
    counters.larder_gateway_certificate_reloads_failed_total++;
    this.#options.log.error({ err: error }, "certificate cannot be used; the old one stays in use");
  }
}
