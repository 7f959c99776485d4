/** Reading PostgreSQL through the cache: a real database, a real cache server, two processes' worth of caches. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Pool } from "pg";
import { type Cache, createCache, structuredCloneSerializer } from "../../packages/client/cache/index.ts";
import { type PostgresReadThrough, readThrough, rowKey } from "../../packages/client/database/postgres/index.ts";
import { connect, type Server } from "../../packages/client/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { hasPostgres, type Postgres, startPostgres } from "../fixture/postgres.ts";
import { until } from "../fixture/until.ts";

interface Tables {
  products: { id: number; name: string; price: number; made: Date };
  "sales.orders": { number: string; total: number };
}

interface Reader {
  server: Server;
  cache: Cache;
  db: PostgresReadThrough<Tables>;
  close(): void;
}

describe.skipIf(!hasValkey || !hasPostgres)("reading PostgreSQL through a cache", () => {
  let postgres: Postgres;
  let engine: CacheServer;
  let pool: Pool;
  /** The statements that the pool was asked; not those of transactions. */
  let asked: string[];
  let here: Reader;
  let elsewhere: Reader;

  beforeAll(async () => {
    [postgres, engine] = await Promise.all([startPostgres(), startCacheServer()]);
  }, 30_000);
  afterAll(async () => {
    await Promise.all([postgres.stop(), engine.stop()]);
  });
  beforeEach(async () => {
    pool = new Pool(postgres.connection);
    pool.on("error", () => {});
    await pool.query(`DROP SCHEMA IF EXISTS sales CASCADE; DROP TABLE IF EXISTS products; CREATE SCHEMA sales;
      CREATE TABLE products (id int PRIMARY KEY, name text UNIQUE DEFERRABLE INITIALLY DEFERRED, price int,
        made timestamptz DEFAULT '2026-01-01Z');
      CREATE TABLE sales.orders (number text PRIMARY KEY, total int);
      INSERT INTO products SELECT n, 'shoe ' || n, n * 10 FROM generate_series(1, 9) AS n;
      INSERT INTO sales.orders VALUES ('A-1', 5), ('it''s "quoted", {7}', 6);`);
    asked = [];
    const query = pool.query.bind(pool) as (...args: unknown[]) => unknown;
    pool.query = ((sql: string, ...rest: unknown[]) => {
      asked.push(sql);
      return query(sql, ...rest);
    }) as typeof pool.query;
    [here, elsewhere] = [reader(), reader()];
  });
  afterEach(async () => {
    here.close();
    elsewhere.close();
    await pool.end();
    await engine.restart();
  });

  function reader(): Reader {
    const server = connect(engine.url);
    const cache = createCache({ server, namespace: "shop:v1", serializer: structuredCloneSerializer });
    const db = readThrough<Tables>(cache, pool, {
      tables: { products: { ttl: "1h", tags: ["catalog"] }, "sales.orders": { primaryKey: "number" } },
    });
    const close = () => {
      db.close();
      cache.close();
      server.close();
    };
    return { server, cache, db, close };
  }

  test("a row is read once by all processes, and keeps the types of its columns", async () => {
    const made = new Date("2026-01-01Z");
    expect(await here.db.row("products", 1)).toEqual({ id: 1, name: "shoe 1", price: 10, made });
    expect(await elsewhere.db.row("products", 1)).toEqual({ id: 1, name: "shoe 1", price: 10, made });
    expect(here.db.row("products", 1)).toMatchObject({ id: 1 });
    expect(asked).toHaveLength(1);
  });

  test("a row that there is not is null, and that is kept, too", async () => {
    expect(await here.db.row("products", 100)).toBeNull();
    expect(await elsewhere.db.row("products", 100)).toBeNull();
    expect(asked).toHaveLength(1);
  });

  test("many rows: one statement for those that are missing, in the order that was asked for", async () => {
    await here.db.row("products", 3);
    const rows = await here.db.rows("products", [4, 100, 3, 2]);
    expect(rows.map((row) => row?.id ?? null)).toEqual([4, null, 3, 2]);
    expect(asked).toHaveLength(2);
    expect((await elsewhere.db.rows("products", [2, 3, 4, 100])).map((row) => row?.price ?? null)).toEqual([
      20,
      30,
      40,
      null,
    ]);
    expect(asked).toHaveLength(2);
  });

  test("another schema, another primary key, ids with quotes and braces", async () => {
    expect(await here.db.row("sales.orders", 'it\'s "quoted", {7}')).toMatchObject({ total: 6 });
    const rows = await here.db.rows("sales.orders", ['it\'s "quoted", {7}', "A-1", "none"]);
    expect(rows.map((row) => row?.total ?? null)).toEqual([6, 5, null]);
  });

  test("an id that the database writes otherwise finds its row, which is not kept under that id", async () => {
    await here.db.row("products", "01");
    await pool.query("UPDATE products SET price = 11 WHERE id = 1");
    expect(await here.db.row("products", "01")).toMatchObject({ price: 11 });
    expect((await here.db.rows("products", ["02", 3, 100])).map((row) => row?.price ?? null)).toEqual([20, 30, null]);
  });

  test("results of statements: by statement and parameters, or by a key; the first row alone", async () => {
    const cheap = "SELECT id FROM products WHERE price < $1 ORDER BY id";
    expect(await here.db.query<{ id: number }>(cheap, [30], { tags: ["catalog"] })).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await elsewhere.db.query(cheap, [30], { tags: ["catalog"] })).toHaveLength(2);
    expect(await here.db.query(cheap, [40])).toHaveLength(3);
    expect(await here.db.one(cheap, [30], { key: ["cheapest"] })).toEqual({ id: 1 });
    expect(await here.cache.get(["cheapest"])).toEqual({ id: 1 });
    expect(await here.db.one(cheap, [0])).toBeNull();
    expect(asked).toHaveLength(4);
  });

  test("a write is seen by all processes once it is committed, by key and by tag", async () => {
    const list = () => elsewhere.db.query("SELECT sum(price)::int AS sum FROM products", [], { tags: ["catalog"] });
    await Promise.all([here.db.row("products", 1), elsewhere.db.row("products", 1), list()]);
    const price = await here.db.write(
      async (tx) => (await tx.query("UPDATE products SET price = 11 WHERE id = $1 RETURNING price", [1])).rows[0].price,
      { invalidates: { keys: [rowKey("products", 1)], tags: ["catalog"] } },
    );
    expect(price).toBe(11);
    expect(await here.db.row("products", 1)).toMatchObject({ price: 11 });
    await until("the other process sees it", async () => (await elsewhere.db.row("products", 1))?.price === 11);
    await until("and in the list", async () => (await list())[0]?.sum === 451);
  });

  test("a row that was read before the commit is never stored after it", async () => {
    const reading = Promise.withResolvers<void>();
    const committed = Promise.withResolvers<void>();
    const query = pool.query.bind(pool) as (...args: unknown[]) => unknown;
    const unheld = pool.query;
    pool.query = (async (...args: unknown[]) => {
      const answer = await query(...args);
      reading.resolve();
      await committed.promise;
      return answer;
    }) as typeof pool.query;
    const before = elsewhere.db.row("products", 1);
    await reading.promise;
    pool.query = unheld;
    await here.db.write((tx) => tx.query("UPDATE products SET price = 11 WHERE id = 1"), {
      invalidates: { keys: [rowKey("products", 1)] },
    });
    committed.resolve();
    await before;
    expect(await elsewhere.db.row("products", 1)).toMatchObject({ price: 11 });
    expect(await here.db.row("products", 1)).toMatchObject({ price: 11 });
  });

  test("a write that fails is rolled back, gives its connection back, and leaves the cache alone", async () => {
    await here.db.row("products", 1);
    const work = async (failing: string) =>
      here.db.write(
        async (tx) => {
          await tx.query("UPDATE products SET price = 11 WHERE id = 1");
          await tx.query(failing);
        },
        { invalidates: { keys: [rowKey("products", 1)] } },
      );
    await expect(work("SELECT nonsense")).rejects.toThrow("nonsense");
    expect(here.db.row("products", 1)).toMatchObject({ price: 10 });
    // Unique names are looked at when the transaction is committed.
    await expect(work("UPDATE products SET name = 'shoe 2' WHERE id = 1")).rejects.toThrow("unique");
    expect(await here.db.row("products", 1)).toMatchObject({ price: 10 });
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  test("a failed statement that the work ignored, and an invalidation that is none, commit nothing", async () => {
    const nothing = { invalidates: {} };
    const ignoring = here.db.write(async (tx) => {
      await tx.query("UPDATE products SET price = 11 WHERE id = 1");
      await tx.query("SELECT nonsense").catch(() => {});
    }, nothing);
    await expect(ignoring).rejects.toThrow("was rolled back");
    const wrong = here.db.write((tx) => tx.query("UPDATE products SET price = 11 WHERE id = 1"), {
      invalidates: () => ({ keys: [[]] }),
    });
    await expect(wrong).rejects.toThrow(TypeError);
    expect(await here.db.row("products", 1)).toMatchObject({ price: 10 });
  });

  test("without the cache server reads and writes go on, and what was written is told when it is back", async () => {
    await here.db.row("products", 1);
    engine.freeze();
    await here.db.write((tx) => tx.query("UPDATE products SET price = 11 WHERE id = 1"), {
      invalidates: { keys: [rowKey("products", 1)] },
    });
    expect(here.db.untold).toBe(1);
    expect(await here.db.row("products", 1)).toMatchObject({ price: 11 });
    engine.thaw();
    await until("it is told", () => here.db.untold === 0);
    expect(await elsewhere.db.row("products", 1)).toMatchObject({ price: 11 });
  });
});
