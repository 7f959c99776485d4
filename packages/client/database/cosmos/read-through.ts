/** Reading Cosmos DB through a cache, by the containers of `@azure/cosmos` that the application has (read-through/row-cache.ts). */
import type { Container, PartitionKey, SqlQuerySpec } from "@azure/cosmos";
import type { EntryOptions, Key } from "../../cache/options.ts";
import type { Row } from "../change.ts";
import {
  type QueryOptions,
  type ReadCache,
  type ReadThroughOptions,
  RowCache,
  type WriteOptions,
} from "../read-through/row-cache.ts";
import { statementIdentity } from "../read-through/statement-identity.ts";

export interface ItemAddress {
  id: string;
  partitionKey: PartitionKey;
}

/** So many items that the cache does not have are read at the same time. */
const readsMax = 32;

/**
 * The key of an item's entry, as for the mapping of a follower: the container's name, the parts of the partition key, the id. Parts that
 * are no text, which differ from the same in a text, have "=" in front.
 */
export function itemKey(container: string, { id, partitionKey }: ItemAddress): Key {
  const parts: readonly unknown[] = Array.isArray(partitionKey) ? partitionKey : [partitionKey];
  return [container, ...parts.map(keyPart), id];
}

function keyPart(part: unknown): string {
  if (typeof part === "string") return part.startsWith("=") ? `=${part}` : part;
  return `=${JSON.stringify(part)}`;
}

/** `Items` names the type of an item for each container. Asks nothing before its first use. */
export function readThrough<Items extends object = Record<string, Row>>(
  cache: ReadCache,
  containers: { readonly [Name in keyof Items]: Container },
  options: ReadThroughOptions<Items> = {},
): CosmosReadThrough<Items> {
  return new CosmosReadThrough(cache, containers, options);
}

export class CosmosReadThrough<Items extends object> {
  readonly #cache: ReadCache;
  readonly #containers: { readonly [Name in keyof Items]: Container };
  readonly #options: ReadThroughOptions<Items>;
  readonly #rows: RowCache<Items>;

  constructor(
    cache: ReadCache,
    containers: { readonly [Name in keyof Items]: Container },
    options: ReadThroughOptions<Items>,
  ) {
    this.#cache = cache;
    this.#containers = containers;
    this.#options = options;
    this.#rows = new RowCache(cache, { rowsById: async () => [] }, options);
  }

  /** How many keys and tags of writes the cache server was not told of yet. */
  get untold(): number {
    return this.#rows.untold;
  }

  /** The item, under the key of `itemKey`; null where there is none. Synchronous where the first level has it. */
  item<Name extends keyof Items & string>(
    container: Name,
    id: string,
    partitionKey: PartitionKey,
    options?: EntryOptions,
  ): Items[Name] | null | Promise<Items[Name] | null> {
    const at = { id, partitionKey };
    const load = () => this.#read<Items[Name]>(container, at);
    return this.#cache.getOrLoad(itemKey(container, at), load, this.#entryOf(container, options));
  }

  /** In their order; null where there is none. Those that the cache does not have are read side by side. */
  items<Name extends keyof Items & string>(
    container: Name,
    addresses: readonly ItemAddress[],
    options?: EntryOptions,
  ): Promise<(Items[Name] | null)[]> {
    const byKey = new Map(addresses.map((at) => [itemKey(container, at), at]));
    const loadMissing = async (keys: readonly Key[]) => {
      const found: (Items[Name] | null)[] = [];
      for (let from = 0; from < keys.length; from += readsMax) {
        const some = keys.slice(from, from + readsMax).map((key) => byKey.get(key) as ItemAddress);
        found.push(...(await Promise.all(some.map((at) => this.#read<Items[Name]>(container, at)))));
      }
      return found;
    };
    return this.#cache.getMany([...byKey.keys()], loadMissing, this.#entryOf(container, options));
  }

  /** All items of a query's result; over all partitions unless it names one. */
  query<T = Row, Name extends keyof Items & string = keyof Items & string>(
    container: Name,
    query: string | SqlQuerySpec,
    options?: QueryOptions,
  ): T[] | Promise<T[]> {
    const load = async () => (await this.#containers[container].items.query<T>(query).fetchAll()).resources;
    return this.#rows.result(() => statementIdentity(container, [query]), load, options);
  }

  /**
   * Does the work, and invalidates after it: also where it fails, as what it did before that stays (unless what to invalidate is made
   * of its result). The cache never makes it fail: what it could not be told, it is told later.
   */
  write<T>(work: () => Promise<T>, options: WriteOptions<T>): Promise<T> {
    return this.#rows.writeInParts(work, options);
  }

  /** Ends what it does by itself. The containers and the cache stay. */
  close(): void {
    this.#rows.close();
  }

  #entryOf(container: keyof Items, given: EntryOptions | undefined): EntryOptions {
    const { primaryKey: _, ...family } = this.#options.tables?.[container] ?? {};
    return { ...family, ...given };
  }

  async #read<T>(container: keyof Items, { id, partitionKey }: ItemAddress): Promise<T | null> {
    const { resource } = await this.#containers[container].item(id, partitionKey).read();
    return (resource ?? null) as T | null;
  }
}
