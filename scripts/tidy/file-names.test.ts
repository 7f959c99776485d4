import { expect, test } from "bun:test";
import { fileNames } from "./file-names.ts";

const problems = (path: string) => fileNames([{ path, text: "" }]).map((problem) => problem.message);

test.each([
  "packages/gateway/client-connection.ts",
  ".ci/run",
  "README.md",
  "LICENSE",
  "docs/decisions/0001-bun.md",
  ".npmrc",
])("%s is fine", (path) => expect(problems(path)).toEqual([]));

test.each(["packages/api/types.ts", "packages/gateway/utils/a.ts", "tests/helpers.test.ts"])("%s is vague", (path) =>
  expect(problems(path)).toEqual([expect.stringContaining("no concept")]),
);

test.each(["packages/api/redisResource.ts", "packages/api/redis_resource.ts", "Packages/api/a.ts"])(
  "%s is not kebab-case",
  (path) => expect(problems(path)).toEqual([expect.stringContaining("kebab-case")]),
);
