import { describe, expect, test } from "bun:test";
import { type Change, rowOf } from "./change.ts";
import { InvalidationPlanner, type TableMappings } from "./mapping.ts";

const map: TableMappings = {
  products: {
    map: ({ row }) => ({ keys: [["product", row.id]], tags: [`brand:${row.brand}`] }),
    fallback: { tags: ["catalog"] },
  },
  orders: ({ row, side }) => (side === "new" ? { keys: [`order:${row.id}`] } : null),
};

function change(parts: Partial<Change>): Change {
  return { table: "products", kind: "insert", row: null, old: null, position: "1", committedAtMs: 0, ...parts };
}
const row = (id: unknown, brand = "a") => ({ id, brand });

function plan(changes: Change[], changesMax = 100) {
  return new InvalidationPlanner(map, changesMax).plan(changes, true);
}

describe("a change", () => {
  test("means what its mapping says of the row as it is and as it was", () => {
    const moved = change({ kind: "update", row: row(2, "b"), old: row(1, "a") });
    expect(plan([moved])).toEqual({
      ...{ everything: false, troubles: [] },
      keys: [
        ["product", 1],
        ["product", 2],
      ],
      tags: ["brand:a", "brand:b"],
    });
  });

  test("names each key and each tag once", () => {
    const changes = [1, 2, 1].map((id) => change({ row: row(id) }));
    expect(plan(changes)).toMatchObject({
      keys: [
        ["product", 1],
        ["product", 2],
      ],
      tags: ["brand:a"],
    });
  });

  test("may mean nothing", () => {
    const gone = change({ table: "orders", kind: "delete", old: row(1) });
    expect(plan([gone])).toEqual({ keys: [], tags: [], everything: false, troubles: [] });
  });
});

describe("the fallback is taken", () => {
  const known = rowOf({ id: 1 }, () => "it was not logged.");
  const cases: [string, Change[], string | undefined][] = [
    ["for a table that was emptied", [change({ kind: "truncate" })], undefined],
    ["when a column is not known", [change({ kind: "delete", old: known })], "unknown column"],
    ["when a key is none", [change({ row: row(undefined) })], "not an invalidation"],
    [
      "when the mapping throws",
      [
        change({
          row: new Proxy(
            {},
            {
              get: () => {
                throw new Error("no");
              },
            },
          ),
        }),
      ],
      "mapping failed",
    ],
  ];
  test.each(cases)("%s", (_, changes, reason) => {
    const { tags, everything, troubles } = plan(changes);
    expect(tags).toContain("catalog");
    expect(everything).toBe(false);
    expect(troubles.map((trouble) => trouble.reason)).toEqual(reason === undefined ? [] : [reason as "mapping failed"]);
  });

  test("by default it is everything, as for a table without a mapping", () => {
    expect(plan([change({ table: "orders", kind: "truncate" })])).toMatchObject({ everything: true, troubles: [] });
    expect(plan([change({ table: "constructor", row: row(1) })])).toMatchObject({
      everything: true,
      troubles: [{ table: "constructor", reason: "no mapping" }],
    });
  });

  test("once a transaction has more changes of a table than are told one by one, over all its parts", () => {
    const planner = new InvalidationPlanner(map, 2);
    const one = change({ row: row(1) });
    expect(planner.plan([one, one], false).tags).toEqual(["brand:a"]);
    expect(planner.plan([one], true)).toMatchObject({ keys: [], tags: ["catalog"] });
    expect(planner.plan([one], true).tags).toEqual(["brand:a"]);
  });
});
