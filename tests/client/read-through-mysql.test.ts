/** Reading MariaDB through the cache, by mysql2: a real database and a real cache server. What is the same for all is tested with PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPool, type Pool, type ResultSetHeader } from "mysql2/promise";
import { type Cache, createCache, messagePackSerializer } from "../../packages/client/cache/index.ts";
import { type MysqlReadThrough, readThrough, rowKey } from "../../packages/client/database/mysql/index.ts";
import { connect, type Server } from "../../packages/client/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasMariaDb, type MariaDb, startMariaDb } from "../fixture/mariadb.ts";
import { hasValkey } from "../fixture/native-engine.ts";

interface Tables {
  products: { id: string; price: number; made: Date };
  numbers: { id: number };
}

describe.skipIf(!hasValkey || !hasMariaDb)("reading MariaDB through a cache", () => {
  let mariaDb: MariaDb;
  let engine: CacheServer;
  let pool: Pool;
  let server: Server;
  let cache: Cache;
  let db: MysqlReadThrough<Tables>;

  beforeAll(async () => {
    [mariaDb, engine] = await Promise.all([startMariaDb(), startCacheServer()]);
    pool = createPool({ ...mariaDb.connection, connectionLimit: 2 });
    await pool.query("CREATE TABLE products (id VARCHAR(20) PRIMARY KEY, price INT, made DATETIME) ENGINE=InnoDB");
    await pool.query("CREATE TABLE numbers (id INT PRIMARY KEY)");
    await pool.query("INSERT INTO numbers VALUES (1), (2), (3)");
    await pool.query("INSERT INTO products VALUES ('a', 10, '2026-01-01'), ('`b''', 20, '2026-01-02')");
    server = connect(engine.url);
    cache = createCache({ server, namespace: "shop:v1", serializer: messagePackSerializer });
    db = readThrough<Tables>(cache, pool, { tables: { products: { ttl: "1h" } } });
  }, 30_000);
  afterAll(async () => {
    db.close();
    cache.close();
    server.close();
    await pool.end();
    await Promise.all([mariaDb.stop(), engine.stop()]);
  });

  test("rows by primary key, with their types, and null where there is none", async () => {
    expect(await db.row("products", "a")).toEqual({ id: "a", price: 10, made: new Date(2026, 0, 1) });
    expect((await db.rows("products", ["none", "`b'", "a"])).map((row) => row?.price ?? null)).toEqual([null, 20, 10]);
    expect((await db.rows("numbers", [3, 4, 1])).map((row) => row?.id ?? null)).toEqual([3, null, 1]);
    expect(await db.row("products", "none")).toBeNull();
  });

  test("an id in another case finds its row, which is not kept under that id", async () => {
    expect(await db.row("products", "A")).toMatchObject({ id: "a" });
    expect(await cache.get(rowKey("products", "A"))).toBeUndefined();
  });

  test("results of statements", async () => {
    const dear = "SELECT id FROM products WHERE price > ? ORDER BY id";
    expect(await db.query<{ id: string }>(dear, [15])).toEqual([{ id: "`b'" }]);
    expect(await db.one<{ id: string }>(dear, [100])).toBeNull();
  });

  test("a write is committed and invalidates; one that fails is rolled back, and gives its connection back", async () => {
    const setPrice = (price: number, statement = "SELECT 1") =>
      db.write(
        async (tx) => {
          const [{ affectedRows }] = await tx.query<ResultSetHeader>("UPDATE products SET price = ? WHERE id = 'a'", [
            price,
          ]);
          await tx.query(statement);
          return affectedRows;
        },
        { invalidates: { keys: [rowKey("products", "a")] } },
      );
    await db.row("products", "a");
    expect(await setPrice(11)).toBe(1);
    expect(await db.row("products", "a")).toMatchObject({ price: 11 });
    for (let round = 0; round < 3; round++) await expect(setPrice(12, "nonsense")).rejects.toThrow("nonsense");
    expect(await db.row("products", "a")).toMatchObject({ price: 11 });
  });
});
