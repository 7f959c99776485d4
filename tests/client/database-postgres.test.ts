/** Invalidation from a real PostgreSQL: what changes mean, and what is missed when anything fails in between. Nothing may be. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { FollowOptions, TableMappings } from "../../packages/client/database/index.ts";
import { type PostgresSourceOptions, postgresSource } from "../../packages/client/database/postgres/index.ts";
import { TestFollower } from "../fixture/database-follower.ts";
import { hasPostgres, type Postgres, startPostgres } from "../fixture/postgres.ts";
import { until } from "../fixture/until.ts";

const map: TableMappings = {
  products: {
    map: ({ row }) => ({ keys: [["product", row.id]], tags: [`brand:${row.brand}`] }),
    fallback: { tags: ["catalog"] },
  },
};

describe.skipIf(!hasPostgres)("PostgreSQL", () => {
  let postgres: Postgres;
  const followers: TestFollower[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    await postgres.query("create table products (id int primary key, brand text, description text)");
    await postgres.query("alter table products replica identity full");
  });
  afterEach(async () => {
    await Promise.all(followers.splice(0).map(({ follower }) => follower.stop()));
    await untilSlotIsFree();
    await postgres.query("drop publication if exists shop");
    await postgres.query("drop table if exists products");
    await postgres.query("select pg_drop_replication_slot(slot_name) from pg_replication_slots");
  });

  function makeFollower(
    given: Partial<PostgresSourceOptions> & Partial<Omit<FollowOptions, "source">> = {},
  ): TestFollower {
    const { connection = postgres.connection, slot = "shop", publication = "shop", temporary = false, ...rest } = given;
    const made = new TestFollower({
      source: postgresSource({ connection, slot, publication, temporary }),
      map,
      ...rest,
    });
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

  function untilSlotIsFree(): Promise<void> {
    return until("the slot is free", async () => {
      const slots = await postgres.query("select from pg_replication_slots where active");
      return slots.length === 0;
    });
  }

  test("insert, update, delete, truncate", async () => {
    const shop = await startFollower();
    await postgres.query("insert into products values (1, 'a'), (2, 'b')");
    expect(await shop.forgets("product:2")).toEqual(["#brand:a", "#brand:b", "product:1", "product:2"]);
    await postgres.query("update products set description = 'new' where id = 1");
    expect(await shop.forgets("product:1")).toEqual(["#brand:a", "product:1"]);
    await postgres.query("delete from products where id = 2");
    expect(await shop.forgets("product:2")).toEqual(["#brand:b", "product:2"]);
    await postgres.query("truncate products");
    expect(await shop.forgets("#catalog")).toEqual(["#catalog"]);
    expect(shop.events.filter(({ type }) => type === "trouble")).toEqual([]);
    expect(shop.follower.lag()).toEqual({ ms: 0, changes: 0 });
  });

  test("a row that moves leaves nothing behind: neither under its old key nor under its old tag", async () => {
    const shop = await startFollower();
    await postgres.query("insert into products values (1, 'a')");
    await shop.forgets("product:1");
    await postgres.query("update products set id = 7, brand = 'z'");
    expect(await shop.forgets("product:7")).toEqual(["#brand:a", "#brand:z", "product:1", "product:7"]);
  });

  test("what is rolled back, and tables that are not named, mean nothing", async () => {
    await postgres.query("create table if not exists others (id int primary key)");
    const shop = await startFollower();
    await postgres.query("begin; insert into products values (1, 'a'); rollback");
    await postgres.query("insert into others values (1)");
    await postgres.query("insert into products values (2, 'b')");
    expect(await shop.forgets("product:2")).toEqual(["#brand:b", "product:2"]);
    await postgres.query("drop table others");
  });

  test("a large transaction goes as its table, as a whole", async () => {
    const shop = await startFollower({ changesMax: 5_000 });
    await postgres.query("insert into products select n, 'a' from generate_series(1, 20000) n");
    const forgotten = await shop.forgets("#catalog", "product:5000");
    expect(forgotten.filter((what) => what.startsWith("product:"))).toHaveLength(5_000);
    // The next one is counted anew.
    await postgres.query("update products set brand = 'b' where id = 20000");
    const later = await shop.forgets("product:20000");
    expect(later.filter((what) => what !== "#catalog")).toEqual(["#brand:a", "#brand:b", "product:20000"]);
  });

  test("with the key alone as its old row, a mapping that reads more falls back; one that does not, does not", async () => {
    await postgres.query("alter table products replica identity default");
    const shop = await startFollower();
    await postgres.query("insert into products values (1, 'a')");
    expect(await shop.forgets("product:1")).toEqual(["#brand:a", "product:1"]);
    await postgres.query("update products set brand = 'b'");
    expect(await shop.forgets("product:1")).toEqual(["#brand:b", "#catalog", "product:1"]);
    await postgres.query("delete from products");
    expect(await shop.forgets("#catalog")).toEqual(["#catalog"]);
    expect(await shop.tells("trouble")).toMatchObject({ what: "mapping", table: "products", reason: "unknown column" });

    const byKey = await startFollower({
      slot: "by_key",
      map: { products: ({ row }) => ({ keys: [["product", row.id]] }) },
    });
    await postgres.query("insert into products values (1, 'a')");
    await postgres.query("update products set id = 2, brand = 'b'");
    expect(await byKey.forgets("product:2")).toEqual(["product:1", "product:2"]);
    await postgres.query("delete from products");
    expect(await byKey.forgets("product:2")).toEqual(["product:2"]);
    expect(byKey.events.filter(({ type }) => type === "trouble")).toEqual([]);
  });

  test("a large value that an update left alone", async () => {
    const byText: TableMappings = { products: ({ row }) => ({ keys: [["text", row.description.length]] }) };
    await postgres.query("alter table products alter description set storage external");
    await postgres.query("insert into products values (1, 'a', repeat('x', 9000))");
    const shop = await startFollower({ map: byText });
    await postgres.query("update products set brand = 'b'");
    expect(await shop.forgets("text:9000")).toEqual(["text:9000"]);
    await postgres.query("alter table products replica identity default");
    await postgres.query("update products set brand = 'c'");
    expect(await shop.forgets("*")).toEqual(["*"]);
    const trouble = await shop.tells("trouble");
    expect(String((trouble as { error?: unknown }).error)).toContain("REPLICA IDENTITY FULL");
  });

  test("the table changes its shape while it is followed", async () => {
    const shop = await startFollower({ map: { products: ({ row }) => ({ keys: [["slug", row.slug]] }) } });
    await postgres.query("alter table products drop column description, add column slug text not null default 'none'");
    await postgres.query("insert into products (id, slug) values (1, 'shoe')");
    expect(await shop.forgets("slug:shoe")).toEqual(["slug:shoe"]);
  });

  test("what changes while nobody follows is invalidated after the next start", async () => {
    const shop = await startFollower();
    await postgres.query("insert into products values (1, 'a')");
    await shop.forgets("product:1");
    await shop.follower.stop();
    await postgres.query("update products set brand = 'b'");
    await untilSlotIsFree();
    await shop.follower.start();
    expect(await shop.forgets("product:1")).not.toContain("*");
  });

  test("what was not invalidated comes again: the cache server was away, and the follower ended meanwhile", async () => {
    const shop = await startFollower();
    shop.cache.isFailing = true;
    await postgres.query("insert into products values (1, 'a')");
    await shop.tells("trouble", "cache");
    expect(shop.follower.lag().changes).toBe(1);
    await postgres.query("insert into products values (2, 'a')");
    await shop.follower.stop();
    await untilSlotIsFree();
    shop.cache.isFailing = false;
    await shop.follower.start();
    expect(await shop.forgets("product:1", "product:2")).toEqual(["#brand:a", "product:1", "product:2"]);
  });

  test("it goes on when the cache server is back", async () => {
    const shop = await startFollower();
    shop.cache.isFailing = true;
    await postgres.query("insert into products values (1, 'a')");
    await shop.tells("trouble", "cache");
    shop.cache.isFailing = false;
    expect(await shop.forgets("product:1")).toEqual(["#brand:a", "product:1"]);
  });

  test("it goes on when the database has crashed and is back", async () => {
    const shop = await startFollower();
    await postgres.kill();
    await shop.tells("trouble", "database");
    expect(shop.follower.lag().ms).toBeGreaterThan(0);
    await postgres.start();
    await postgres.query("insert into products values (1, 'a')");
    expect(await shop.forgets("product:1")).toEqual(["#brand:a", "product:1"]);
  });

  test("a slot that was dropped: everything is cleared, and it is said", async () => {
    const shop = await startFollower();
    await shop.follower.stop();
    await untilSlotIsFree();
    await postgres.query("select pg_drop_replication_slot('shop')");
    await postgres.query("insert into products values (1, 'a')");
    shop.events.length = 0;
    await shop.follower.start();
    expect(await shop.forgets("*")).toEqual(["*"]);
    expect(await shop.tells("cleared")).toMatchObject({ why: "The replication slot is new." });
  });

  test("of two, one follows and the other takes over", async () => {
    const first = await startFollower();
    const second = makeFollower();
    await second.follower.start();
    expect(second.events).toEqual([{ type: "standing by" }]);
    await postgres.query("insert into products values (1, 'a')");
    await first.forgets("product:1");
    await first.follower.stop();
    await postgres.query("insert into products values (2, 'a')");
    expect(await second.forgets("product:2")).toEqual(["#brand:a", "product:2"]);
  });

  test("a temporary slot leaves nothing behind", async () => {
    const shop = await startFollower({ temporary: true });
    await postgres.query("insert into products values (1, 'a')");
    await shop.forgets("product:1");
    await shop.follower.stop();
    await until("it is gone", async () => (await postgres.query("select from pg_replication_slots")).length === 0);
  });

  test("what was invalidated is confirmed, also when only other tables change: the log can go", async () => {
    await startFollower();
    await postgres.query("create table others as select n from generate_series(1, 1000) n");
    const [end] = await postgres.query("select pg_current_wal_lsn()::text as lsn");
    await until("it is confirmed", async () => {
      const [slot] = await postgres.query(
        "select confirmed_flush_lsn >= $1::pg_lsn as done from pg_replication_slots",
        [end?.lsn],
      );
      return slot?.done === true;
    });
    await postgres.query("drop table others");
  });

  test("a table that was dropped and made anew is followed again", async () => {
    const shop = await startFollower();
    await shop.follower.stop();
    await untilSlotIsFree();
    await postgres.query("drop table products");
    await postgres.query("create table products (id int primary key, brand text)");
    await shop.follower.start();
    expect(await shop.forgets("*")).toEqual(["*"]);
    await postgres.query("insert into products values (1, 'a')");
    expect(await shop.forgets("product:1")).toEqual(["#brand:a", "product:1"]);
  });

  test("a change is not forgotten before others can see it", async () => {
    const shop = await startFollower();
    // The standby that commits wait for does not exist: they are in the log, and nobody sees them. It takes effect a little later.
    await postgres.query("alter system set synchronous_standby_names = 'nobody'");
    await postgres.query("select pg_reload_conf()");
    const another = await postgres.another();
    let id = 0;
    let inserting: Promise<unknown>;
    do inserting = postgres.query("insert into products values ($1, 'a')", [++id]);
    while (await Promise.race([inserting.then(() => true), Bun.sleep(200).then(() => false)]));
    await until("the change has arrived", () => shop.follower.lag().changes > 0);
    expect(shop.cache.take()).not.toContain(`product:${id}`);
    expect((await another.query("select from products")).rowCount).toBe(id - 1);
    await another.query("alter system reset synchronous_standby_names");
    await another.query("select pg_reload_conf()");
    await another.end();
    await inserting;
    expect(await shop.forgets(`product:${id}`)).toContain("#brand:a");
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
      "TABLE_UNKNOWN: The database has no table prodcts.",
    );
    await postgres.query("create table keyless (id int)");
    expect(await refusal({ map: { keyless: () => null } })).toContain(
      'ALTER TABLE "public"."keyless" REPLICA IDENTITY FULL',
    );
    await postgres.query("drop table keyless");

    await postgres.query("create role plain login");
    const connection = { ...postgres.connection, user: "plain" };
    expect(await refusal({ connection })).toContain('CREATE PUBLICATION "shop" FOR TABLE "public"."products"');
    await postgres.query("create publication shop for all tables with (publish_via_partition_root)");
    expect(await refusal({ connection })).toContain("WITH REPLICATION");
    await postgres.query("drop role plain");

    await postgres.query("alter publication shop set (publish = 'insert')");
    expect(await refusal({})).toContain("SET (publish = 'insert, update, delete, truncate'");
    await postgres.query("select pg_create_physical_replication_slot('shop')");
    expect(await refusal({})).toStartWith("SLOT_TAKEN");
  });

  test("a database that logs too little", async () => {
    const other = await startPostgres(["wal_level=replica"]);
    const { follower } = makeFollower({ connection: other.connection });
    await expect(follower.start()).rejects.toMatchObject({
      code: "LOG_NOT_AVAILABLE",
      message: expect.stringContaining("wal_level"),
    });
    await other.stop();
  });
});
