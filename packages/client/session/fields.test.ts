/** What a request changes of what it read. */
import { describe, expect, test } from "bun:test";
import { Fields } from "./fields.ts";

const read = () => new Fields(new Map(Object.entries({ cart: '["shoe"]', theme: '"dark"', visits: "1.0", odd: "{" })));
const unchanged = { set: [], remove: [] };

describe("fields", () => {
  test("reading changes nothing, whatever the spelling of what is stored", () => {
    const fields = read();
    expect(["cart", "theme", "visits", "odd", "none"].map((name) => fields.get(name))).toEqual([
      ["shoe"],
      "dark",
      1,
      undefined,
      undefined,
    ]);
    expect(fields.hasChanges()).toBe(false);
    expect(fields.changes()).toEqual(unchanged);
  });

  test.each<[string, (fields: Fields) => void, object]>([
    [
      "altered in place",
      (fields) => (fields.get("cart") as string[]).push("sock"),
      { set: [["cart", '["shoe","sock"]']], remove: [] },
    ],
    ["set", (fields) => fields.set("theme", "light"), { set: [["theme", '"light"']], remove: [] }],
    ["set to what it was", (fields) => fields.set("theme", "dark"), unchanged],
    ["removed", (fields) => fields.remove("theme"), { set: [], remove: ["theme"] }],
    [
      "removed and set again",
      (fields) => {
        fields.remove("theme");
        fields.set("theme", "dark");
      },
      unchanged,
    ],
  ])("%s", (_name, change, changes) => {
    const fields = read();
    change(fields);
    expect(fields.changes()).toEqual(changes as never);
    expect(fields.hasChanges()).toBe(changes !== unchanged);
    fields.kept(fields.changes());
    expect(fields.hasChanges()).toBe(false);
  });

  test("what JSON cannot hold is a change that throws", () => {
    const fields = read();
    fields.set("visits", 1n);
    expect(() => fields.hasChanges()).toThrow(TypeError);
    expect(() => fields.changes()).toThrow(TypeError);
  });
});
