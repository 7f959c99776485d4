import { describe, expect, test } from "bun:test";
import { decodeMessage, type PgOutputMessage } from "./pgoutput.ts";
import { Transactions } from "./transactions.ts";

/** What PostgreSQL 15 sent for the statements; the 3,000 bytes of `note` are cut to three. */
const recorded = {
  insert: [
    "420000000001529928000303cf542e3853000002d7",
    "52000040007075626c69630070726f6475637473006400040169640000000017ffffffff006e616d650000000019ffffffff00707269636500000006a4ffffffff006e6f74650000000019ffffffff",
    "49000040004e000474000000013174000000074cc3a4756665727400000004392e39307400000003787878",
    "430000000000015299280000000001529958000303cf542e3853",
  ],
  updateOfName: [
    "4200000000015299f0000303cf542e3afc000002d8",
    "55000040004e00047400000001316e7400000004392e393075",
    "430000000000015299f00000000001529a20000303cf542e3afc",
  ],
  updateOfKey: [
    "420000000001529b08000303cf542e3c0a000002d9",
    "55000040004b00047400000001316e6e6e4e00047400000001326e7400000004392e393075",
    "43000000000001529b080000000001529b38000303cf542e3c0a",
  ],
  deleteOfFull: [
    "42000000000152aa58000303cf542e4059000002dc",
    "52000040007075626c69630070726f6475637473006600040169640000000017ffffffff016e616d650000000019ffffffff01707269636500000006a4ffffffff016e6f74650000000019ffffffff",
    "44000040004f00047400000001326e7400000004392e3930740000000573686f7274",
    "4300000000000152aa58000000000152aa88000303cf542e4059",
  ],
  truncate: [
    "42000000000152b618000303cf542e4371000002dd",
    "54000000010000004000",
    "4300000000000152b618000000000152b788000303cf542e4371",
  ],
};

function decodeAll(messages: readonly string[]): PgOutputMessage[] {
  return messages.map((hex) => decodeMessage(Buffer.from(hex, "hex")));
}

describe("messages", () => {
  test("a table, its key and the columns' types", () => {
    expect(decodeAll(recorded.insert)[1]).toMatchObject({
      ...{ kind: "relation", schema: "public", table: "products", identity: "d" },
      columns: [
        { name: "id", typeId: 23, isKey: true },
        { name: "name", typeId: 25, isKey: false },
        { name: "price", typeId: 1700, isKey: false },
        { name: "note", typeId: 25, isKey: false },
      ],
    });
  });

  test("a value that was not logged", () => {
    expect(decodeAll(recorded.updateOfName)[1]).toMatchObject({
      kind: "update",
      old: null,
      row: [{}, null, {}, "unchanged"],
    });
  });

  test("an old key", () => {
    expect(decodeAll(recorded.updateOfKey)[1]).toMatchObject({
      old: { isKeyOnly: true, tuple: [Buffer.from("1"), null, null, null] },
    });
  });
});

describe("transactions", () => {
  const { insert, updateOfName, updateOfKey, deleteOfFull, truncate } = recorded;

  function parts(messages: readonly string[], partMax = 100) {
    const parseValue = (text: string, typeId: number) => (typeId === 23 ? Number(text) : text);
    const transactions = new Transactions({ tables: new Set(["products"]), parseValue, partMax });
    return decodeAll(messages).flatMap((message) => transactions.take(message) ?? []);
  }

  test("rows, as far as they are known", () => {
    const all = parts([...insert, ...updateOfName, ...updateOfKey]);
    const [inserted, named, moved] = all.map(({ changes }) => changes[0]);
    expect(inserted).toMatchObject({ kind: "insert", row: { id: 1, name: "Läufer", price: "9.90" }, old: null });
    expect(Object.keys(named?.row ?? {})).toEqual(["id", "name", "price"]);
    expect(() => named?.row?.note).toThrow("an update left a large value alone");
    expect(() => named?.row?.nmae).toThrow("products has no such column");
    expect(Object.keys(named?.old ?? {})).toEqual(["id"]);
    expect(() => named?.old?.name).toThrow("logged with its key only");
    expect(moved).toMatchObject({ row: { id: 2 }, old: { id: 1 } });
    expect(all.map(({ endLsn }) => endLsn)).toEqual([0x1529958n, 0x1529a20n, 0x1529b38n]);
  });

  test("a whole old row, and a table that was emptied", () => {
    const [deleted, emptied] = parts([...deleteOfFull, ...truncate]).map(({ changes }) => changes[0]);
    expect(deleted).toMatchObject({
      kind: "delete",
      row: null,
      old: { id: 2, name: null, price: "9.90", note: "short" },
    });
    expect(emptied).toMatchObject({ kind: "truncate", table: "products", row: null, old: null });
  });

  test("a large one leaves in parts, and its end is told by the last", () => {
    const [begin = "", relation = "", row = "", commit = ""] = insert;
    const sizes = parts([begin, relation, row, row, row, row, commit], 2).map(({ changes, endLsn }) => [
      changes.length,
      endLsn,
    ]);
    expect(sizes).toEqual([
      [2, null],
      [2, null],
      [0, 0x1529958n],
    ]);
  });

  test("what stands where it cannot is refused", () => {
    expect(() => parts([insert[2] ?? ""])).toThrow("not described");
    expect(() => parts([insert[1] ?? "", insert[2] ?? ""])).toThrow("outside of a transaction");
    expect(() => parts([insert[3] ?? ""])).toThrow("a commit without a begin");
  });
});
