/** `node database-follower.mjs URL CONNECTION`: a cache that follows PostgreSQL, and watches one row through it. */

import { connect } from "@larder/client";
import { createCache } from "@larder/client/cache";
import { followDatabase } from "@larder/client/database";
import { postgresSource } from "@larder/client/database/postgres";
import pg from "pg";
import { serve } from "./serve.mjs";

const [url, text] = process.argv.slice(2);
const connection = JSON.parse(text);
const cache = createCache({ server: connect(url), namespace: "followed", defaults: { ttl: "1h" } });
const database = new pg.Pool(connection);
const follower = followDatabase({
  source: postgresSource({ connection, slot: "bench", publication: "bench" }),
  cache,
  map: { products: ({ row, old }) => ({ keys: [["product", (row ?? old).id]] }) },
});
/** Since 1970 and with fractions: the bench asks the same clock on another runtime. */
const nowMs = () => performance.timeOrigin + performance.now();

async function priceOf(id) {
  return cache.getOrLoad(["product", id], async () => {
    const { rows } = await database.query("SELECT price FROM products WHERE id = $1", [id]);
    return rows[0]?.price ?? null;
  });
}

serve({
  start: () => follower.start(),
  /** When each price was seen first, and when the last read began that brought an older one. */
  async watch({ id, prices, forMs }) {
    const untilMs = nowMs() + forMs;
    const seenMs = prices.map(() => null);
    const olderMs = prices.map(() => null);
    for (let round = 0; seenMs.at(-1) === null && nowMs() < untilMs; round++) {
      const beganMs = nowMs();
      const at = prices.indexOf(await priceOf(id));
      for (let index = 0; index <= at; index++) seenMs[index] ??= nowMs();
      for (let index = at + 1; index < prices.length; index++) olderMs[index] = beganMs;
      if (round % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return { seenMs, olderMs };
  },
});
