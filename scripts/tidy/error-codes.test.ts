import { expect, test } from "bun:test";
import { errorCodes } from "./error-codes.ts";

test("a code in the table alone, or only in tests, is unused", () => {
  const files = [
    { path: "packages/api/errors.ts", text: `"Unused" "Used"` },
    { path: "packages/cli/a.test.ts", text: `"Unused"` },
    { path: "packages/cli/a.ts", text: `throw new LarderError("Used", "…")` },
  ];
  expect(errorCodes(files, ["Used", "Unused"]).map((problem) => problem.message)).toEqual([
    expect.stringContaining("code Unused"),
  ]);
});
