/** Against a scripted pool: no SQL Server was at hand, so that it takes these statements was never tried. */
import { expect, test } from "bun:test";
import type { ConnectionPool } from "mssql";
import { createCache } from "../../cache/index.ts";
import { readThrough, rowKey } from "./index.ts";

interface Tables {
  products: { id: number; price: number };
}

/** Answers each statement with what `answer` makes of it, and notes what it was asked and told. */
function scripted(answer: (sql: string, inputs: Record<string, unknown>) => object[]) {
  const log: string[] = [];
  const request = () => {
    const inputs: Record<string, unknown> = {};
    return {
      input(name: string, value: unknown) {
        inputs[name] = value;
        return this;
      },
      async query(sql: string) {
        log.push(sql);
        return { recordset: answer(sql, inputs) };
      },
    };
  };
  const step = (name: string) => async () => void log.push(name);
  const transaction = () => ({ begin: step("begin"), commit: step("commit"), rollback: step("rollback"), request });
  const pool = { request, transaction } as unknown as ConnectionPool;
  const cache = createCache({ namespace: "shop:v1" });
  return { log, db: readThrough<Tables>(cache, pool) };
}

const productsOf = (_: string, inputs: Record<string, unknown>) =>
  Object.values(inputs)
    .filter((id) => Number(id) < 5_000)
    .map((id) => ({ id, price: Number(id) * 10 }));

test("scripted answers of SQL Server: a row, and none, each asked for once", async () => {
  const { db, log } = scripted(productsOf);
  for (let round = 0; round < 2; round++) {
    expect(await db.row("products", 1)).toEqual({ id: 1, price: 10 });
    expect(await db.row("products", 9_999)).toBeNull();
  }
  expect(log).toEqual(Array(2).fill("SELECT * FROM [dbo].[products] WHERE [id] IN (@id0)"));
});

test("scripted answers of SQL Server: many rows in statements of a thousand parameters", async () => {
  const { db, log } = scripted(productsOf);
  const ids = Array.from({ length: 2_500 }, (_, index) => index);
  expect((await db.rows("products", ids)).map((row) => row?.price)).toEqual(ids.map((id) => id * 10));
  expect(log.map((sql) => sql.split("@").length - 1)).toEqual([1_000, 1_000, 500]);
});

test("scripted answers of SQL Server: statements with named parameters, in whatever order", async () => {
  const { db, log } = scripted(productsOf);
  const sql = "SELECT * FROM products WHERE id IN (@a, @b)";
  expect(await db.query(sql, { a: 1, b: 2 })).toHaveLength(2);
  expect(await db.query(sql, { b: 2, a: 1 })).toHaveLength(2);
  expect(await db.query(sql, { a: 2, b: 1 })).toHaveLength(2);
  expect(await db.one(sql, { a: 3 }, { key: ["third"] })).toEqual({ id: 3, price: 30 });
  expect(log).toHaveLength(3);
});

test("scripted answers of SQL Server: writes are committed, or rolled back", async () => {
  const { db, log } = scripted(() => []);
  const invalidates = { keys: [rowKey("products", 1)] };
  expect(await db.write(async (tx) => (await tx.request().query("UPDATE")).recordset.length, { invalidates })).toBe(0);
  await expect(db.write(() => Promise.reject(new Error("refused")), { invalidates })).rejects.toThrow("refused");
  expect(log).toEqual(["begin", "UPDATE", "commit", "begin", "rollback"]);
});
