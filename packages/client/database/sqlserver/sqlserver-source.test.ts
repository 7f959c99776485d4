/**
 * Against scripted answers: no SQL Server was at hand. What a server answers to the statements is written here after its
 * documentation; that it takes the statements was never tried.
 */
import { describe, expect, test } from "bun:test";
import type { Clock } from "../../clock.ts";
import type { FeedItem } from "../source.ts";
import type { SqlServerPool } from "./options.ts";
import { sqlServerSource } from "./sqlserver-source.ts";

type Answer = Record<string, unknown>[][] | Error;

const database = [{ name: "shop", version: "7" }];
const columns = ["tenant", "id", "name"].map((name, index) => ({
  ...{ place: 0, object: 42, minimum: "3", tracked: 1, name },
  ordinal: [2, 1, null][index] ?? null,
}));
const described: Answer = [database, columns];

function look(version: number, rows: Record<string, unknown>[], minimum: string | null = "3"): Answer {
  return [[{ version: String(version), now: "1000" }], rows, [{ minimum0: minimum }]];
}

/** Answers in their order, and the last one again and again; notes what it was asked. */
function scripted(answers: Answer[]) {
  const asked: string[] = [];
  const pool: SqlServerPool & { connected: boolean } = {
    connected: false,
    connect: async () => {
      pool.connected = true;
    },
    request: () => ({
      async query(statement) {
        asked.push(statement);
        const answer = answers[Math.min(asked.length, answers.length) - 1] as Answer;
        if (answer instanceof Error) throw answer;
        return { recordsets: answer };
      },
    }),
  };
  return { pool, asked };
}

/** Each sleep is a turn of the event loop and moves it by as much. */
function steppedClock(): Clock {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    async sleep(ms) {
      nowMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

async function firstItem(position: string | null, answers: Answer[], changesMax = 10): Promise<FeedItem> {
  const { pool } = scripted(answers);
  const stop = new AbortController();
  const source = sqlServerSource({ pool, changesMax });
  const at = { position, tables: ["sales.orders"], signal: stop.signal, clock: steppedClock() };
  const { items } = await source.open(at);
  for await (const item of items) {
    stop.abort();
    return item;
  }
  throw new Error("no item came");
}

describe("scripted answers of SQL Server", () => {
  test("the first time everything begins anew, at the version before the look", async () => {
    expect(await firstItem(null, [described, look(7, [])])).toMatchObject({ kind: "anew", position: "7" });
  });

  test("rows that were inserted, updated and deleted, by a key of two columns", async () => {
    const rows = [
      { "#operation": "I", "#0": 1, "#1": "a", tenant: "a", id: 1, name: "one" },
      { "#operation": "U", "#0": 2, "#1": "a", tenant: "a", id: 2, name: "two" },
      { "#operation": "D", "#0": 3, "#1": "a", tenant: null, id: null, name: null },
      { "#operation": "U", "#0": 4, "#1": "a", tenant: null, id: null, name: null },
    ];
    const item = await firstItem("5", [described, look(7, rows)]);
    expect(item).toMatchObject({ kind: "changes", position: "7", isEarly: true });
    const changes = item.kind === "changes" ? item.changes : [];
    expect(changes.map(({ kind, row, old }) => [kind, row?.name, old?.id, old?.tenant])).toEqual([
      ["insert", "one", undefined, undefined],
      ["update", "two", 2, "a"],
      ["delete", undefined, 3, "a"],
      ["delete", undefined, 4, "a"],
    ]);
    expect(changes[0]).toMatchObject({ table: "sales.orders", committedAtMs: 1000, position: "7" });
    expect(() => changes[1]?.old?.name).toThrow("change tracking keeps the primary key");
  });

  test("more rows than are taken are one change of the whole table", async () => {
    const rows = [1, 2, 3].map((id) => ({ "#operation": "U", "#0": id, "#1": "a", tenant: "a", id, name: "" }));
    const item = await firstItem("5", [described, look(7, rows)], 2);
    expect(item.kind === "changes" && item.changes.map(({ kind }) => kind)).toEqual(["truncate"]);
  });

  test("a later look begins where the last one ended, and nothing new is nothing", async () => {
    const { pool, asked } = scripted([described, look(7, []), look(7, []), look(9, [])]);
    const stop = new AbortController();
    const at = { position: "7", tables: ["sales.orders"], signal: stop.signal, clock: steppedClock() };
    const { items } = await sqlServerSource({ pool }).open(at);
    const { value } = await items[Symbol.asyncIterator]().next();
    stop.abort();
    expect(value).toEqual({ kind: "progress", position: "9" });
    expect(asked[1]).toContain("CHANGETABLE(CHANGES [sales].[orders], 7)");
    expect(asked[1]).toContain("TOP (1001)");
  });

  test.each([
    ["was cleaned up or truncated", "2", look(7, []), "sales.orders since the last look are not kept"],
    ["is later than the database", "8", look(7, []), "gone back"],
    ["is none", "nonsense", look(7, []), "the position was lost"],
  ])("a position that %s begins anew", async (_, position, answer, why) => {
    const item = await firstItem(position, [described, answer]);
    expect(item).toMatchObject({ kind: "anew", position: "7" });
    expect(item.kind === "anew" && item.why).toContain(why);
  });

  const changed = (change: object) => columns.map((column) => ({ ...column, ...change }));
  test.each<[string, Answer, string, string]>([
    [
      "change tracking is off",
      [[{ name: "sh]op", version: null }], columns],
      "LOG_NOT_AVAILABLE",
      "ALTER DATABASE [sh]]op] SET CHANGE_TRACKING",
    ],
    ["no such table", [database, [{ ...columns[0], object: null, name: null }]], "TABLE_UNKNOWN", "[sales].[orders]"],
    ["the table is not tracked", [database, changed({ tracked: 0 })], "LOG_NOT_AVAILABLE", "ENABLE CHANGE_TRACKING"],
    ["no primary key", [database, changed({ tracked: 0, ordinal: null })], "LOG_NOT_AVAILABLE", "no primary key"],
    ["the login may not", [database, changed({ minimum: null })], "PERMISSION_DENIED", "VIEW CHANGE TRACKING"],
    [
      "the login fails",
      Object.assign(new Error("Login failed"), { code: "ELOGIN" }),
      "PERMISSION_DENIED",
      "Login failed",
    ],
  ])("%s: a person has to mend it", async (_, answer, code, words) => {
    const error = await firstItem(null, [answer]).catch((reason) => reason);
    expect(error).toMatchObject({ name: "DatabaseRefused", code });
    expect(error.message).toContain(words);
  });

  test("a table that is not tracked any more ends the feed", async () => {
    const { pool } = scripted([described, look(7, []), look(7, [], null)]);
    const at = { position: "7", tables: ["sales.orders"], signal: new AbortController().signal, clock: steppedClock() };
    const { items } = await sqlServerSource({ pool }).open(at);
    await expect(items[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "LOG_NOT_AVAILABLE" });
  });

  test("options that cannot be", () => {
    const { pool } = scripted([]);
    expect(() => sqlServerSource({ pool, changesMax: 0 })).toThrow("changesMax");
    expect(() => sqlServerSource({ pool, pollEvery: "often" as never })).toThrow("pollEvery");
    expect(() => sqlServerSource({ pool: {} as never })).toThrow("pool");
  });
});
