/**
 * The last route table, on disk: what a worker serves from until the controller speaks. Each worker writes a file of its
 * own, so that none undoes what another has written, and reads all of them, so that a new one starts with what is known.
 *
 * A file is a whole table in its first line and a change of it in each of the next; when the changes have grown as long as the table, it
 * is written anew. Each line is sealed: a table carries engine passwords. A last line that a crash has cut off is as if it had not come.
 */
import { appendFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { changedTable, type RouteChanges, type RouteTable } from "@larder/api";
import { type Log, readTextFile, type SecretKeys, sealedBy, writeFileAtomic } from "@larder/service";

/** Longer than clients are held by a move as a rule. */
const keepAfterMs = 20;
/** What the disk did not take is tried again. */
const tryAgainMs = 1_000;
/** Changes of a small table may be longer than it. */
const changesBytesMin = 64 * 1024;

export class KeptRoutes {
  readonly #directory: string;
  readonly #worker: number;
  readonly #keys: SecretKeys;
  readonly #log: Log;
  #table: RouteTable | null = null;
  /** What is not on the disk yet; null: all of the table. */
  #pending: RouteChanges[] | null = [];
  #tableBytes = 0;
  #changesBytes = 0;
  #timer: Timer | null = null;
  #wasMoving = false;
  #isFailing = false;

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
      (newest, table) => (newest === undefined || isNewer(table, newest) ? table : newest),
      undefined,
    );
  }

  /**
   * Writes it down: at once, as whoever made a cache takes it for there from then on; a step of a move a moment later, as
   * clients wait for it and a disk takes its time. `changes` are those from the table before; null: it came whole.
   */
  keep(table: RouteTable, changes: RouteChanges | null): void {
    const isMoving = (changes?.changed ?? table.routes).some(({ move }) => move !== null);
    this.#table = table;
    if (changes === null) this.#pending = null;
    else this.#pending?.push(changes);
    if (!isMoving && !this.#wasMoving) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), keepAfterMs);
    this.#wasMoving = isMoving;
  }

  /** Writes down at once what is to be kept. Never throws: clients are served without it. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#table === null || this.#pending?.length === 0) return;
    try {
      this.#writeDown(this.#table, this.#pending);
      this.#pending = [];
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log.error({ err: error }, "routes cannot be kept on disk");
      this.#isFailing = true;
      // Part of a line may be there.
      this.#pending = null;
      this.#timer = setTimeout(() => this.flush(), tryAgainMs).unref();
    }
  }

  #writeDown(table: RouteTable, pending: RouteChanges[] | null): void {
    const isLong = this.#changesBytes > Math.max(this.#tableBytes, changesBytesMin);
    if (pending === null || this.#tableBytes === 0 || isLong) this.write(table);
    else this.#append(pending);
  }

  write(table: RouteTable): void {
    const text = this.#line(table);
    writeFileAtomic(join(this.#directory, this.#name), text);
    this.#tableBytes = text.length;
    this.#changesBytes = 0;
  }

  /**
   * What this worker keeps, with the present key. Lines that no key opens stay as they are; an older Larder's table, which is not sealed,
   * goes: it is not read, and sealed it would be. Throws what the disk does.
   */
  reseal(): void {
    const path = join(this.#directory, this.#name);
    const lines = linesOf(readTextFile(path));
    const box = this.#keys.open();
    if (lines.every((line) => sealedBy(line) === box.keyId)) return;
    if (lines.some((line) => sealedBy(line) === undefined)) return rmSync(path);
    writeFileAtomic(path, lines.map((line) => `${box.sealedAnew(line, this.#name) ?? line}\n`).join(""));
  }

  /** Removes what workers left that there are no more, now that there were more of them once. */
  forgetBeyond(workers: number): void {
    for (const { name, worker } of this.#files()) {
      if (worker > workers) rmSync(join(this.#directory, name), { force: true });
    }
  }

  #append(changes: readonly RouteChanges[]): void {
    const text = changes.map((each) => this.#line(each)).join("");
    appendFileSync(join(this.#directory, this.#name), text, { flush: true });
    this.#changesBytes += text.length;
  }

  get #name(): string {
    return `routes-${this.#worker}.json`;
  }

  #line(value: RouteTable | RouteChanges): string {
    return `${this.#keys.open().seal(JSON.stringify(value), this.#name)}\n`;
  }

  #files(): { name: string; worker: number }[] {
    return readdirSync(this.#directory).flatMap((name) => {
      const worker = /^routes-(\d+)\.json$/.exec(name)?.[1];
      return worker === undefined ? [] : [{ name, worker: Number(worker) }];
    });
  }

  #readFile(name: string): RouteTable | undefined {
    try {
      // Tables of an older Larder lack what this one goes by; they are not sealed either.
      const [first = "", ...changes] = linesOf(readTextFile(join(this.#directory, name)));
      return changes.reduce<RouteTable>(
        (table, line) => changedTable(table, this.#open(line, name) as RouteChanges),
        this.#open(first, name) as RouteTable,
      );
    } catch (error) {
      this.#log.error({ err: error, file: name }, "kept routes cannot be read");
      return undefined;
    }
  }

  #open(line: string, name: string): unknown {
    return JSON.parse(this.#keys.open().open(line, name));
  }
}

/** Of the life before, revisions may be higher (see ControllerLife). */
function isNewer(a: RouteTable, b: RouteTable): boolean {
  const [lifeOfA, lifeOfB] = [a.life ?? 0, b.life ?? 0];
  return lifeOfA > lifeOfB || (lifeOfA === lifeOfB && a.revision > b.revision);
}

/** Without a last one that was cut off. */
function linesOf(text = ""): string[] {
  return text.split("\n").slice(0, -1);
}
