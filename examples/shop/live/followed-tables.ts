/**
 * What a change in the database means for the caches: whoever makes it, also a colleague with `psql`. All web processes call this; one of them
 * follows, and another takes over when it ends.
 */
import type { Cache, Key } from "@larder/client/cache";
import { type Follower, followDatabase } from "@larder/client/database";
import { postgresSource } from "@larder/client/database/postgres";
import type { OutputCache } from "@larder/client/output-cache";

export interface Followed {
  databaseUrl: string;
  cache: Cache;
  pages: OutputCache;
}

export function followShop({ databaseUrl, cache, pages }: Followed): Follower {
  return followDatabase({
    source: postgresSource({ connection: databaseUrl, slot: "shop", publication: "shop" }),
    cache: bothCaches(cache, pages),
    map: {
      products: ({ row }) => ({
        keys: [
          ["product", row.id as number],
          ["card", row.id as number],
        ],
        tags: ["products", `category:${row.category}`],
      }),
      stock: ({ row }) => ({ keys: [["stock", row.product_id as number]] }),
      reviews: ({ row }) => ({
        keys: [
          ["reviews", row.product_id as number],
          ["card", row.product_id as number],
        ],
      }),
    },
  });
}

/** Values and whole pages have the same tags. */
function bothCaches(cache: Cache, pages: OutputCache) {
  return {
    invalidate: (...keys: Key[]) => told([cache.invalidate(...keys)]),
    invalidateTags: (tags: readonly string[]) => told([cache.invalidateTags(tags), pages.purge({ tags })]),
    clear: () => told([cache.clear(), pages.purge({ path: "/" })]),
  };
}

/** False where the caches' server could not be told: the follower then tells it again. */
async function told(calls: Promise<boolean>[]): Promise<boolean> {
  return !(await Promise.all(calls)).includes(false);
}
