import { expect, test } from "bun:test";
import { fileLength } from "./file-length.ts";

const long = { path: "packages/a/b.ts", text: "a;\n".repeat(401) };
const short = { path: "packages/a/c.ts", text: "a;\n".repeat(400) };

test("long files need a reason", () => {
  expect(fileLength([long, short], {}).map((problem) => problem.path)).toEqual(["packages/a/b.ts"]);
  expect(fileLength([long, short], { "packages/a/b.ts": "one table" })).toEqual([]);
});

test("a reason for a file that is short, or gone, is stale", () => {
  expect(fileLength([short], { "packages/a/c.ts": "was long" })[0]?.message).toContain("not long any more");
});
