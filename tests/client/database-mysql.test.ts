/** Invalidation from a real MariaDB: what changes mean, and what is missed when anything fails in between. Nothing may be. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type FollowOptions, positionIn, type TableMappings } from "../../packages/client/database/index.ts";
import { type MysqlSourceOptions, mysqlSource } from "../../packages/client/database/mysql/index.ts";
import { connect, type Server } from "../../packages/client/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { TestFollower } from "../fixture/database-follower.ts";
import { hasMariaDb, type MariaDb, startMariaDb } from "../fixture/mariadb.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

const map: TableMappings = {
  products: {
    map: ({ row }) => ({ keys: [["product", row.id]], tags: [`brand:${row.brand}`] }),
    fallback: { tags: ["catalog"] },
  },
};

describe.skipIf(!hasMariaDb || !hasValkey)("MariaDB", () => {
  let mariaDb: MariaDb;
  let engine: CacheServer;
  let server: Server;
  let name = 0;
  const followers: TestFollower[] = [];

  beforeAll(async () => {
    [mariaDb, engine] = await Promise.all([startMariaDb(), startCacheServer()]);
    server = connect(engine.url);
  }, 20_000);
  afterAll(async () => {
    server.close();
    await Promise.all([mariaDb.stop(), engine.stop()]);
  });
  beforeEach(async () => {
    name++;
    await mariaDb.query("create table products (id int primary key, brand varchar(20), description text)");
  });
  afterEach(async () => {
    await Promise.all(followers.splice(0).map(({ follower }) => follower.stop()));
    await mariaDb.query("drop table if exists products, others");
  });

  function makeFollower(
    given: Partial<MysqlSourceOptions> & Partial<Omit<FollowOptions, "source">> = {},
  ): TestFollower {
    const { connection = mariaDb.connection, ...rest } = given;
    const position = positionIn({ server, name: `shop ${name}`, leaseMs: 3_000 });
    const made = new TestFollower({ source: mysqlSource({ connection }), map, position, ...rest });
    followers.push(made);
    return made;
  }

  /** One that follows, and has cleared all for the first time. */
  async function startFollower(given: Parameters<typeof makeFollower>[0] = {}): Promise<TestFollower> {
    const made = makeFollower(given);
    await made.follower.start();
    await made.forgets("*");
    return made;
  }

  test("insert, update, delete, truncate", async () => {
    const shop = await startFollower();
    await mariaDb.query("insert into products (id, brand) values (1, 'a'), (2, 'b')");
    expect(await shop.forgets("product:2")).toEqual(["#brand:a", "#brand:b", "product:1", "product:2"]);
    await mariaDb.query("update products set description = 'new' where id = 1");
    expect(await shop.forgets("product:1")).toEqual(["#brand:a", "product:1"]);
    await mariaDb.query("delete from products where id = 2");
    expect(await shop.forgets("product:2")).toEqual(["#brand:b", "product:2"]);
    await mariaDb.query("truncate products");
    expect(await shop.forgets("#catalog")).toEqual(["#catalog"]);
    expect(shop.events.filter(({ type }) => type === "trouble")).toEqual([]);
  });

  test("a row that moves leaves nothing behind: neither under its old key nor under its old tag", async () => {
    const shop = await startFollower();
    await mariaDb.query("insert into products (id, brand) values (1, 'a')");
    await shop.forgets("product:1");
    await mariaDb.query("update products set id = 7, brand = 'z'");
    expect(await shop.forgets("product:7")).toEqual(["#brand:a", "#brand:z", "product:1", "product:7"]);
  });

  test("what is rolled back, and tables that are not named, mean nothing", async () => {
    await mariaDb.query("create table others (id int primary key)");
    const shop = await startFollower();
    await mariaDb.query("begin; insert into products (id) values (1); rollback");
    await mariaDb.query("insert into others values (1)");
    await mariaDb.query("insert into products (id, brand) values (2, 'b')");
    expect(await shop.forgets("product:2")).toEqual(["#brand:b", "product:2"]);
  });

  test("a large transaction goes as its table, as a whole", async () => {
    const shop = await startFollower({ changesMax: 5_000 });
    await mariaDb.query("insert into products (id, brand) select seq, 'a' from seq_1_to_20000");
    const forgotten = await shop.forgets("#catalog", "product:5000");
    expect(forgotten.filter((what) => what.startsWith("product:"))).toHaveLength(5_000);
    // The next one is counted anew.
    await mariaDb.query("update products set brand = 'b' where id = 20000");
    const later = await shop.forgets("product:20000");
    expect(later.filter((what) => what !== "#catalog")).toEqual(["#brand:a", "#brand:b", "product:20000"]);
  });

  test("the table changes its shape while it is followed", async () => {
    const shop = await startFollower({ map: { products: ({ row }) => ({ keys: [["slug", row.slug]] }) } });
    await mariaDb.query(
      "alter table products drop column description, add column slug varchar(20) not null default 'none'",
    );
    expect(await shop.forgets("*")).toEqual(["*"]);
    await mariaDb.query("insert into products (id, slug) values (1, 'shoe')");
    expect(await shop.forgets("slug:shoe")).toEqual(["slug:shoe"]);
  });

  test("what a session writes as statements instead of rows takes the table's fallback", async () => {
    const shop = await startFollower();
    await mariaDb.query(
      "set session binlog_format = 'STATEMENT'; insert into products (id) values (1); set session binlog_format = 'ROW'",
    );
    expect(await shop.forgets("#catalog")).toEqual(["#catalog"]);
  });

  test("what changes while nobody follows is invalidated after the next start, also when the server was restarted", async () => {
    const shop = await startFollower();
    await mariaDb.query("insert into products (id, brand) values (1, 'a')");
    await shop.forgets("product:1");
    for (const brand of ["b", "c"]) {
      await shop.follower.stop();
      await mariaDb.query("update products set brand = ?", [brand]);
      if (brand === "c") {
        await mariaDb.kill();
        await mariaDb.start();
      }
      await shop.follower.start();
      const forgotten = await shop.forgets("product:1");
      expect(forgotten).not.toContain("*");
      expect(forgotten).toContain(`#brand:${brand}`);
    }
  });

  test("what was not invalidated comes again: the cache server was away, and the follower ended meanwhile", async () => {
    const shop = await startFollower();
    shop.cache.isFailing = true;
    await mariaDb.query("insert into products (id, brand) values (1, 'a')");
    await shop.tells("trouble", "cache");
    await shop.follower.stop();
    shop.cache.isFailing = false;
    await shop.follower.start();
    expect(await shop.forgets("product:1")).toEqual(["#brand:a", "product:1"]);
  });

  test("it goes on when the database has crashed and is back", async () => {
    const shop = await startFollower();
    await mariaDb.kill();
    await shop.tells("trouble", "database");
    await mariaDb.start();
    await mariaDb.query("insert into products (id, brand) values (1, 'a')");
    expect(await shop.forgets("product:1")).toEqual(["#brand:a", "product:1"]);
  });

  test("a log that was purged: everything is cleared, and it is said", async () => {
    const shop = await startFollower();
    await mariaDb.query("insert into products (id, brand) values (1, 'a')");
    await shop.forgets("product:1");
    await shop.follower.stop();
    await mariaDb.query("update products set brand = 'b'; flush logs; flush logs");
    await until("the log is gone", async () => {
      const logs = await mariaDb.query("show binary logs");
      await mariaDb.query("purge binary logs to ?", [logs.at(-1)?.Log_name]);
      return logs.length === 1;
    });
    shop.events.length = 0;
    await shop.follower.start();
    expect(await shop.forgets("*")).toEqual(["*"]);
    expect(await shop.tells("cleared")).toMatchObject({ why: expect.stringContaining("no longer has the log") });
    await mariaDb.query("update products set brand = 'c'");
    await shop.forgets("product:1");
  });

  test("a log with rows of a table that is gone: everything is cleared, and it is said", async () => {
    const shop = await startFollower();
    await shop.follower.stop();
    await mariaDb.query("insert into products (id) values (1)");
    await mariaDb.query("drop table products");
    await mariaDb.query("create table products (id int primary key)");
    shop.events.length = 0;
    await shop.follower.start();
    await shop.forgets("*");
    await mariaDb.query("insert into products (id) values (2)");
    await until("it follows again", () => shop.cache.forgotten.length > 0);
  });

  test("of two, one follows and the other takes over", async () => {
    const first = await startFollower();
    const second = makeFollower();
    await second.follower.start();
    expect(second.events).toEqual([{ type: "standing by" }]);
    await mariaDb.query("insert into products (id, brand) values (1, 'a')");
    await first.forgets("product:1");
    await first.follower.stop();
    await mariaDb.query("insert into products (id, brand) values (2, 'a')");
    expect(await second.forgets("product:2")).toEqual(["#brand:a", "product:2"]);
  });

  test("the cache server has lost its memory, and the position with it: everything is cleared", async () => {
    const shop = await startFollower();
    await server.main.ask(["FLUSHALL"]);
    expect(await shop.forgets("*")).toEqual(["*"]);
    await mariaDb.query("insert into products (id, brand) values (1, 'a')");
    expect(await shop.forgets("product:1")).toEqual(["#brand:a", "product:1"]);
  });

  test("what a person has to mend is said", async () => {
    const refusal = (given: Parameters<typeof makeFollower>[0]) =>
      makeFollower(given)
        .follower.start()
        .then(
          () => "started",
          (error: Error & { code: string }) => `${error.code}: ${error.message}`,
        );
    expect(await refusal({ map: { prodcts: () => null } })).toStartWith(
      "TABLE_UNKNOWN: The server has no table prodcts",
    );
    await mariaDb.query("create user plain identified by 'secret'; grant select on shop.* to plain");
    expect(await refusal({ connection: { ...mariaDb.connection, user: "plain", password: "secret" } })).toContain(
      "GRANT REPLICATION SLAVE",
    );
    await mariaDb.query("set global binlog_row_image = 'MINIMAL'");
    expect(await refusal({})).toContain("binlog_row_image is MINIMAL");
    await mariaDb.query("set global binlog_row_image = 'FULL'; set global binlog_format = 'MIXED'");
    expect(await refusal({})).toStartWith("LOG_NOT_AVAILABLE");
    await mariaDb.query("set global binlog_format = 'ROW'");
  });
});
