/** docs/transfer-limits.md has every limit, with its value, and no other. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultStorageLimits } from "@larder/storage";
import { migrationLimits } from "./migration-limits.ts";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/transfer-limits.md"), "utf8");
const bytes = { GiB: 1024 ** 3, MiB: 1024 ** 2 };
const times = { min: 60_000, s: 1_000 };

function readable(name: string, value: number): string {
  const units = name.toLowerCase().includes("bytes") ? bytes : /Ms(Max)?$/.test(name) ? times : {};
  const unit = Object.entries<number>(units).find(([, size]) => value % size === 0);
  return unit === undefined ? String(value) : `${value / unit[1]} ${unit[0]}`;
}

test("every limit of migrations and storage is on the page", () => {
  const rows = page.split("\n").filter((line) => /^\| `[a-z]\w+` \|/i.test(line) && !line.includes("larder_"));
  const written = rows.map((line) => line.split(" | ").slice(0, 2).join(" ").slice(2));
  const { pauseMs: _, ...storage } = defaultStorageLimits;
  const limits = Object.entries({ ...migrationLimits, ...storage });
  expect(written.sort()).toEqual(limits.map(([name, value]) => `\`${name}\` ${readable(name, value)}`).sort());
});
