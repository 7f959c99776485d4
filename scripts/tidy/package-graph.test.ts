import { expect, test } from "bun:test";
import { packageGraph } from "./package-graph.ts";

function problems(path: string, text: string) {
  const declared = {
    dependencies: { "@larder/api": "0.1.0", "@larder/controller": "0.1.0", hono: "1.0.0" },
    peerDependencies: { pg: "8" },
  };
  return packageGraph([
    { path: "packages/gateway/package.json", text: JSON.stringify(declared) },
    { path: "package.json", text: JSON.stringify({ devDependencies: { redis: "6.0.0" } }) },
    { path, text },
  ]).map((problem) => problem.message);
}

test("allowed: own files, packages of the table, declared packages, the runtime", () => {
  const text = `import a from "./a.ts"; import "@larder/api"; import "hono/tiny"; import "pg"; import "node:fs"; import "bun:test";`;
  expect(problems("packages/gateway/b/c.ts", text)).toEqual([]);
  expect(problems("packages/gateway/a.test.ts", `import "redis";`)).toEqual([]);
});

test("another daemon, even for a type", () => {
  const [message] = problems("packages/gateway/a.ts", `import type { Store } from "@larder/controller";`);
  expect(message).toStartWith("gateway may not import @larder/controller");
});

test("another package by path", () => {
  const [message] = problems("packages/gateway/a.ts", `export * from "../controller/main.ts";`);
  expect(message).toContain("import the package by its name");
});

test("a package that is not declared", () => {
  expect(problems("packages/gateway/a.ts", `await import("redis");`)[0]).toContain("does not declare");
});
