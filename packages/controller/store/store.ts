/**
 * The store: JSON documents under text keys, each with the revision of its last change, and watches on prefixes.
 *
 * It is the model of etcd, cut to what the controller needs. It is not a query engine: there are no indexes and no
 * partial updates; whoever needs a view keeps one.
 *
 *   - Revisions are one rising sequence for the whole store; a committed transaction is one revision. They survive
 *     restarts and never go back.
 *   - A transaction is all or nothing, and on the disk when `transact` resolves.
 *   - A watch reports, in order of revision, at least the newest change of every key in its prefix after
 *     `fromRevision`. Earlier changes of the same key may be left out: watchers are level-triggered.
 */
import type { SecretBox } from "@larder/service";

/** Not to be changed by whoever reads it. */
export interface StoredDocument<T = unknown> {
  key: string;
  value: T;
  /** Of the last change to this document. */
  revision: number;
}

export interface Listing<T = unknown> {
  /** Of the store when the listing was read: watch from here to miss nothing. */
  revision: number;
  /** Sorted by key. A later listing may have the same array, while nothing in it changed. */
  documents: readonly StoredDocument<T>[];
}

/** The document under `key` must still have this revision; 0 means that it must not exist. */
export interface Comparison {
  key: string;
  revision: number;
}

export interface Transaction {
  require?: Comparison[];
  put?: { key: string; value: unknown }[];
  delete?: string[];
}

export type TransactionOutcome =
  | { committed: true; revision: number }
  /** Nothing was written: the document under this key is not at the revision asked for. */
  | { committed: false; conflictKey: string };

export interface StoreChange {
  key: string;
  revision: number;
  /** undefined: deleted. */
  value: unknown;
}

/** Failures of the medium throw StoreUnusable. */
export interface Store {
  get<T>(key: string): Promise<StoredDocument<T> | undefined>;
  /** O(documents under the prefix). */
  list<T>(prefix: string): Promise<Listing<T>>;
  transact(transaction: Transaction): Promise<TransactionOutcome>;
  /**
   * Batches of changes until the signal aborts. `fromRevision` is one that a listing or a transaction of this opening
   * of the store returned.
   */
  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<StoreChange[]>;
  close(): Promise<void>;
}

/** One whose documents are sealed on its medium. */
export interface SealedStore extends Store {
  /**
   * From now on documents are sealed with the box's first key, and so are those that are there: how many is returned. Interrupted, some
   * are sealed with the one and some with the other key; said again it goes on. Throws StoreUnusable, and changes nothing, where a
   * document needs a key that is not in the box.
   */
  reseal(box: SecretBox): Promise<number>;
}
