import { expect, test } from "bun:test";
import { changesStatement, describeStatement, quoted } from "./statements.ts";

test.each([
  ["products", "[dbo].[products]"],
  ["sales.orders", "[sales].[orders]"],
  ["a]b'c", "[dbo].[a]]b'c]"],
])("%s is %s", (table, name) => {
  expect(quoted(table)).toBe(name);
});

test("names never end a literal or a bracket", () => {
  const statement = describeStatement(["a'; DROP TABLE b; --"]);
  expect(statement).toContain("OBJECT_ID(N'[dbo].[a''; DROP TABLE b; --]')");
});

test("the version comes before the changes, and what is kept after them", () => {
  const table = { name: "products", keys: ["id", "part]"], columns: ["id", "part]", "name"] };
  const statement = changesStatement([table], 5n, 10);
  const places = ["CURRENT_VERSION", "CHANGETABLE(CHANGES [dbo].[products], 5)", "MIN_VALID_VERSION"].map((word) =>
    statement.indexOf(word),
  );
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(statement).toContain("t.[id] = c.[id] AND t.[part]]] = c.[part]]]");
});
