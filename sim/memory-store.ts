/**
 * The store of the simulation: a disk that outlives controllers, and what one controller has open of it. A disk takes its
 * time, before and after a transaction is on it, so that a controller may die knowing less or more than the disk.
 */
import type {
  Listing,
  Store,
  StoreChange,
  StoredDocument,
  Transaction,
  TransactionOutcome,
} from "../packages/controller/store/store.ts";

interface Row {
  /** As JSON; undefined: deleted. */
  text: string | undefined;
  revision: number;
}

export class MemoryDisk {
  readonly rows = new Map<string, Row>();
  revision = 0;

  value<T>(key: string): T | undefined {
    const text = this.rows.get(key)?.text;
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  commit({ require = [], put = [], delete: deleted = [] }: Transaction): TransactionOutcome {
    for (const { key, revision } of require) {
      const row = this.rows.get(key);
      if ((row?.text === undefined ? 0 : row.revision) !== revision) return { committed: false, conflictKey: key };
    }
    const revision = ++this.revision;
    for (const { key, value } of put) this.rows.set(key, { text: JSON.stringify(value), revision });
    for (const key of deleted) if (this.rows.has(key)) this.rows.set(key, { text: undefined, revision });
    return { committed: true, revision };
  }
}

/** Waits a little, or, where the controller is dead by then, for ever. */
export type DiskWait = (what: "read" | "write" | "written") => Promise<void>;

export class MemoryStore implements Store {
  readonly #disk: MemoryDisk;
  readonly #wait: DiskWait;
  readonly #wakeups = new Set<() => void>();

  constructor(disk: MemoryDisk, wait: DiskWait) {
    this.#disk = disk;
    this.#wait = wait;
  }

  async get<T>(key: string): Promise<StoredDocument<T> | undefined> {
    await this.#wait("read");
    const row = this.#disk.rows.get(key);
    if (row?.text === undefined) return undefined;
    return { key, value: JSON.parse(row.text) as T, revision: row.revision };
  }

  async list<T>(prefix: string): Promise<Listing<T>> {
    await this.#wait("read");
    const documents = [...this.#disk.rows]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([key, { text, revision }]) =>
        text === undefined ? [] : [{ key, value: JSON.parse(text) as T, revision }],
      );
    return { revision: this.#disk.revision, documents };
  }

  async transact(transaction: Transaction): Promise<TransactionOutcome> {
    // What is given may be changed by its owner while the disk takes its time.
    const given = structuredClone(transaction);
    await this.#wait("write");
    const outcome = this.#disk.commit(given);
    for (const wake of this.#wakeups) wake();
    await this.#wait("written");
    return outcome;
  }

  async *watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<StoreChange[]> {
    let seen = fromRevision;
    let wake = () => {};
    const onWake = () => wake();
    this.#wakeups.add(onWake);
    signal.addEventListener("abort", onWake);
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const changes = this.#changesAfter(seen, prefix);
      seen = this.#disk.revision;
      if (changes.length > 0) yield changes;
      else await woken;
    }
    this.#wakeups.delete(onWake);
    signal.removeEventListener("abort", onWake);
  }

  async close(): Promise<void> {}

  #changesAfter(after: number, prefix: string): StoreChange[] {
    return [...this.#disk.rows]
      .filter(([key, { revision }]) => revision > after && key.startsWith(prefix))
      .map(([key, { text, revision }]) => ({
        key,
        revision,
        value: text === undefined ? undefined : JSON.parse(text),
      }))
      .sort((one, other) => one.revision - other.revision || (one.key < other.key ? -1 : 1));
  }
}
