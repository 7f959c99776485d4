/**
 * The last route table, on disk: what a worker serves from until the controller speaks. Each worker writes a file of its
 * own, so that none undoes what another has written, and reads all of them, so that a new one starts with what is known.
 * Sealed: a table carries engine passwords.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RouteTable } from "@larder/api";
import { type Log, readSealedFile, type SecretKeys, writeSealedFile } from "@larder/service";

/** Longer than clients are held by a move as a rule. */
const keepAfterMs = 20;

export class KeptRoutes {
  readonly #directory: string;
  readonly #worker: number;
  readonly #keys: SecretKeys;
  readonly #log: Log;
  #kept: RouteTable | null = null;
  #timer: Timer | null = null;
  #wasMoving = false;

  constructor({ directory, worker, keys, log }: { directory: string; worker: number; keys: SecretKeys; log: Log }) {
    this.#directory = directory;
    this.#worker = worker;
    this.#keys = keys;
    this.#log = log;
  }

  /** The newest of all workers' tables. */
  read(): RouteTable | undefined {
    const tables = this.#files().flatMap(({ name }) => this.#readFile(name) ?? []);
    return tables.reduce<RouteTable | undefined>(
      (newest, table) => (newest === undefined || table.revision > newest.revision ? table : newest),
      undefined,
    );
  }

  /**
   * Writes it down: at once, as whoever made a cache takes it for there from then on; a step of a move a moment later, as
   * clients wait for it and a disk takes its time.
   */
  keep(table: RouteTable): void {
    const isMoving = table.routes.some(({ move }) => move !== null);
    this.#kept = table;
    if (!isMoving && !this.#wasMoving) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), keepAfterMs);
    this.#wasMoving = isMoving;
  }

  /** Writes down at once what is to be kept. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#kept !== null) this.write(this.#kept);
    this.#kept = null;
  }

  write(table: RouteTable): void {
    writeSealedFile(join(this.#directory, `routes-${this.#worker}.json`), table, this.#keys);
  }

  /** Removes what workers left that there are no more, now that there were more of them once. */
  forgetBeyond(workers: number): void {
    for (const { name, worker } of this.#files()) {
      if (worker > workers) rmSync(join(this.#directory, name), { force: true });
    }
  }

  #files(): { name: string; worker: number }[] {
    return readdirSync(this.#directory).flatMap((name) => {
      const worker = /^routes-(\d+)\.json$/.exec(name)?.[1];
      return worker === undefined ? [] : [{ name, worker: Number(worker) }];
    });
  }

  #readFile(name: string): RouteTable | undefined {
    try {
      return readSealedFile<RouteTable>(join(this.#directory, name), this.#keys);
    } catch (error) {
      this.#log.error({ err: error, file: name }, "kept routes cannot be read");
      return undefined;
    }
  }
}
