import { expect, test } from "bun:test";
import type { StorageError } from "../storage-error.ts";
import { checkSharedAccess } from "./shared-access.ts";

const nowMs = Date.parse("2026-11-22T12:00:00Z");

test.each([
  ["se=2026-11-22T13:00:00Z&sp=r", "import", undefined],
  ["se=2026-11-22T12:59:59Z&sp=r", "import", "se is 2026-11-22T12:59:59Z: it must last at least another hour"],
  ["se=2026-11-21T12:00:00Z&sp=r", "import", "se is 2026-11-21"],
  ["se=2026-11-23&st=2026-11-22T11:45:00Z&sp=r", "import", undefined],
  ["se=2026-11-23&st=2026-11-22T11:45:01Z&sp=r", "import", "st is 2026-11-22T11:45:01Z: it must have begun"],
  ["se=2026-11-23&sp=w", "import", "sp is w: it lacks r"],
  ["se=2026-11-23&sp=racwdtm", "export", undefined],
  ["se=2026-11-23&sp=r", "export", "sp is r: it lacks w"],
  ["se=soon&sp=r", "import", "se is not a date"],
  ["si=a-policy-of-the-container", "export", undefined],
] as const)("%s for %s", (query, kind, problem) => {
  let refusal: StorageError | undefined;
  try {
    checkSharedAccess(`${query}&sig=secret`, { kind, nowMs });
  } catch (error) {
    refusal = error as StorageError;
  }
  if (problem === undefined) expect(refusal).toBeUndefined();
  else expect(refusal?.message).toContain(problem);
  expect(refusal?.message ?? "").not.toContain("secret");
});
