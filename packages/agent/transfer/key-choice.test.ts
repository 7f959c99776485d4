import { expect, test } from "bun:test";
import type { KeyFilter } from "@larder/api";
import { KeyChoice } from "./key-choice.ts";

const choice = (given: Partial<KeyFilter>) => new KeyChoice({ prefixes: [], types: [], databases: [], ...given });

test("an empty filter takes everything", () => {
  expect(choice({}).isEverything).toBe(true);
  expect(choice({ databases: [0] })).toMatchObject({ isEverything: false, takesFunctions: true });
  expect(choice({ types: ["hash"] })).toMatchObject({ isEverything: false, takesFunctions: false });
});

test("keys by the bytes that they begin with, within others' bytes", () => {
  const users = choice({ prefixes: ["user:", "ü"] });
  const takes = (key: string) => {
    const bytes = Buffer.from(`user:${key}user:`);
    return users.takesKey(bytes, 5, bytes.length - 5);
  };
  expect(["user:1", "user:", "über", "user", "", "cart:user:"].map(takes)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("kinds and databases", () => {
  const some = choice({ types: ["hash", "list"], databases: [0, 3] });
  expect([some.takesKind("hash"), some.takesKind("set")]).toEqual([true, false]);
  expect([0, 1, 3].map((index) => some.takesDatabase(index))).toEqual([true, false, true]);
});
