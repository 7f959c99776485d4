/** docs/limits.md says what is: every limit and every metric has a row there, and every row is one. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { authenticatedLimits, unauthenticatedLimits } from "@larder/resp";
import { tokenRules } from "@larder/service";
import { limits } from "./limits.ts";
import { counters } from "./metrics.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/limits.md"), "utf8");
const gatewaySources = readSources("packages/gateway");
const allSources = gatewaySources + readSources("packages/resp");

/** The cells of each row of the tables: five are a limit's, three a metric's. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.slice(2, -2).split(" | "));
const limitRows = rows.filter((row) => row.length === 5);
const metricRows = rows.filter((row) => row.length === 3);

/** In microseconds. */
const timeUnits = { min: 60_000_000, s: 1_000_000, ms: 1_000, µs: 1 };

const everyLimit = Object.entries({
  ...limits,
  ...named("authenticatedLimits", authenticatedLimits),
  ...named("unauthenticatedLimits", unauthenticatedLimits),
  ...named("tokenRules", tokenRules),
});

test("each row of the tables is whole", () => {
  expect(rows.filter((row) => row.length !== 5 && row.length !== 3)).toEqual([]);
});

test("every limit has a row, with its value; and every such row is a limit", () => {
  const written = limitRows.map(([name, value]) => `${name} ${value}`);
  expect(written.sort()).toEqual(everyLimit.map(([name, value]) => `\`${name}\` ${readable(name, value)}`).sort());
});

test("a limit at which something is closed, refused or dropped names the metric that shows it", () => {
  const ending = limitRows.filter(([, , happens = ""]) => /\b(close[sd]?|refused|dropped|forgotten)\b/.test(happens));
  expect(ending.length).toBeGreaterThan(20);
  expect(ending.filter(([, , , shownBy = ""]) => !shownBy.includes("`larder_gateway_"))).toEqual([]);
});

test("every metric has a row, with its kind; and every such row is a metric", () => {
  const metrics = [...new Set(gatewaySources.match(/\blarder_gateway_\w+/g))];
  const kindOf = (name: string) => (name.endsWith("_total") ? "counter" : "gauge");
  const written = metricRows.map(([name, kind]) => `${name} ${kind}`);
  expect(written.sort()).toEqual(metrics.map((name) => `\`${name}\` ${kindOf(name)}`).sort());
});

test("every metric and every error text that the page names exists", () => {
  const quoted = [...page.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
  const metrics = quoted.filter((text) => text.startsWith("larder_"));
  expect(metrics.filter((name) => !metricRows.some(([described]) => described === `\`${name}\``))).toEqual([]);
  const errors = quoted.filter((text) => /^[A-Z]{3,} [^/]/.test(text));
  expect(errors.length).toBeGreaterThan(10);
  expect(errors.filter((text) => !isRaised(text))).toEqual([]);
});

test("every limit is kept somewhere, and every counter is added to", () => {
  const idle = Object.keys(limits).filter((name) => !new RegExp(`\\blimits\\.${name}\\b`).test(gatewaySources));
  const still = Object.keys(counters).filter(
    (name) => !new RegExp(`counters\\.${name}( \\+=|\\+\\+)`).test(allSources),
  );
  expect([...idle, ...still]).toEqual([]);
});

function named(object: string, bounds: object): Record<string, number> {
  const numbers = Object.entries(bounds).filter(([, value]) => typeof value === "number");
  return Object.fromEntries(numbers.map(([name, value]) => [`${object}.${name}`, value]));
}

/** A protocol error is put together: the scanner says only what is wrong. */
function isRaised(error: string): boolean {
  return allSources.includes(error) || allSources.includes(`"${error.replace(/^ERR Protocol error: /, "")}"`);
}

function readable(name: string, value: number): string {
  if (name.includes("Bytes")) return inUnits(value, { GiB: 1024 ** 3, MiB: 1024 ** 2, KiB: 1024 });
  if (name.endsWith("Ms")) return inUnits(value * 1000, timeUnits);
  if (name.endsWith("Usec")) return inUnits(value, timeUnits);
  return value.toLocaleString("en-US");
}

/** In the first unit of which the value is a whole number. */
function inUnits(value: number, units: Record<string, number>): string {
  const [unit, size] = Object.entries(units).find(([, each]) => value % each === 0) ?? ["", 1];
  return `${value / size} ${unit}`;
}

function readSources(folder: string): string {
  const paths = [...new Bun.Glob("**/*.ts").scanSync({ cwd: join(root, folder) })];
  const sources = paths.filter((path) => !path.endsWith(".test.ts"));
  return sources.map((path) => readFileSync(join(root, folder, path), "utf8")).join("\n");
}
