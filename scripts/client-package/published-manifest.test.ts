import { expect, test } from "bun:test";
import { publishedManifest } from "./published-manifest.ts";

const source = { private: true, name: "@larder/client", version: "1.2.3", type: "module" } as const;

test("exports name what is built, and what is for the repository alone is left out", () => {
  const exports = { ".": "./index.ts", "./database/postgres": "./database/postgres/index.ts" };
  const { exports: published, ...rest } = publishedManifest({ ...source, scripts: { build: "a program" }, exports });
  expect(rest).toEqual({ name: "@larder/client", version: "1.2.3", type: "module" });
  expect(published).toEqual({
    ".": { types: "./index.d.ts", default: "./index.js" },
    "./database/postgres": { types: "./database/postgres/index.d.ts", default: "./database/postgres/index.js" },
  });
});

test("an export that is no source file", () => {
  expect(() => publishedManifest({ ...source, exports: { "./cache": "./cache/index.js" } })).toThrow(
    "./cache/index.js",
  );
});
