import { expect, test } from "bun:test";
import { deadFiles } from "./dead-files.ts";

function dead(files: Record<string, string>) {
  return deadFiles(Object.entries(files).map(([path, text]) => ({ path, text }))).map((problem) => problem.path);
}

test("imported, tested, an entry, or started by name", () => {
  expect(
    dead({
      "packages/a/package.json": `{ "exports": "./main.ts" }`,
      "packages/a/main.ts": `import { b } from "./b.ts"; spawn("node", [join(here, "child.mjs")]);`,
      "packages/a/b.ts": "",
      "packages/a/b.test.ts": "",
      "packages/a/child.mjs": "",
      "scripts/c.ts": "",
      "package.json": `{ "scripts": { "c": "bun scripts/c.ts" } }`,
    }),
  ).toEqual([]);
});

test("a file of the same name elsewhere does not keep one alive", () => {
  expect(
    dead({
      "packages/a/package.json": `{ "exports": "./index.ts" }`,
      "packages/a/index.ts": "",
      "packages/b/index.ts": `import "./route.ts";`,
      "packages/b/package.json": `{ "exports": "./index.ts" }`,
      "packages/b/route.ts": "",
      "packages/a/route.ts": "",
    }),
  ).toEqual(["packages/a/route.ts"]);
});
