/**
 * The catalogue, read through the cache: the part to copy.
 *
 * What changes at different times has keys of its own: an order changes a shoe's stock, and its reviews stay cached. What is
 * changed in the database is invalidated by what follows it (followed-tables.ts), so times to live are long.
 */
import type { Cache, EntryOptions, Key } from "@larder/client/cache";
import type { Queries } from "../database/database.ts";
import {
  type Card,
  type Filters,
  findAlsoBought,
  findBestSellers,
  findByText,
  findCards,
  findInCategory,
  findNewArrivals,
  findProduct,
  findReviews,
  findStock,
  type Product,
  type Reviews,
  type SizeInStock,
} from "./queries.ts";

export interface CatalogParts {
  database: Queries;
  cache: Cache;
  /** The switch of the page /live. */
  isCacheOn: () => boolean;
}

export class Catalog {
  readonly #parts: CatalogParts;

  constructor(parts: CatalogParts) {
    this.#parts = parts;
  }

  product(id: number): Product | null | Promise<Product | null> {
    return this.#read(["product", id], (database) => findProduct(database, id), { ttl: "1h", negativeTtl: "30s" });
  }

  stock(id: number): SizeInStock[] | Promise<SizeInStock[]> {
    return this.#read(["stock", id], (database) => findStock(database, id), { ttl: "10m" });
  }

  reviews(id: number): Reviews | Promise<Reviews> {
    return this.#read(["reviews", id], (database) => findReviews(database, id), { ttl: "1h" });
  }

  /** Not invalidated by each order: it is loaded anew now and then, behind the visitors' backs. */
  async alsoBought(id: number): Promise<Card[]> {
    const options = { ttl: "10m", staleWhileRevalidate: "1h" } as const;
    return this.cards(await this.#read(["also-bought", id], (database) => findAlsoBought(database, id), options));
  }

  async bestSellers(): Promise<Card[]> {
    const options = { ttl: "1m", staleWhileRevalidate: "10m" } as const;
    return this.cards(await this.#read(["best-sellers"], findBestSellers, options));
  }

  async newArrivals(): Promise<Card[]> {
    return this.cards(await this.#read(["new-arrivals"], findNewArrivals, { ttl: "5m", tags: ["products"] }));
  }

  /** Whatever people type: small, not kept in each process, and soon gone. */
  async search(text: string): Promise<Card[]> {
    const options = { ttl: "1m", skipFirstLevel: true } as const;
    return this.cards(await this.#read(["search", text], (database) => findByText(database, text), options));
  }

  /** Not cached here: whole pages of it are. */
  category(filters: Filters): Promise<Card[]> {
    return findInCategory(this.#parts.database, filters);
  }

  /** One round trip for all that the process does not have, and one query for all that the cache does not have. */
  async cards(ids: readonly number[]): Promise<Card[]> {
    const { database, cache, isCacheOn } = this.#parts;
    const find = (wanted: readonly number[]) => findCards(database, wanted);
    const cards = isCacheOn()
      ? await cache.getMany(
          ids.map((id) => ["card", id]),
          (keys) => find(keys.map((key) => Number(key[1]))),
          { ttl: "1h" },
        )
      : await find(ids);
    return cards.filter((card) => card !== null);
  }

  #read<T>(key: Key, load: (database: Queries) => Promise<T>, options: EntryOptions): T | Promise<T> {
    const { database, cache, isCacheOn } = this.#parts;
    return isCacheOn() ? cache.getOrLoad(key, () => load(database), options) : load(database);
  }
}
