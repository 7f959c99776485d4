/**
 * `docs/api-operations.md`: every operation that the Swagger files describe, and what came of it when the official client
 * called it. Written by `bun tests/conformance/main.ts`; a test of each client holds its section.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OperationSeen } from "./operations-run.ts";
import { operations, type SwaggerOperation, type serviceFiles } from "./swagger-operations.ts";

const pagePath = join(import.meta.dirname, "../../docs/api-operations.md");
/** Set by main.ts: the page is written anew instead of compared. */
export const writeVariable = "LARDER_WRITE_OPERATIONS";

/** The section as it stands in the page, and as the run has it. With `writeVariable` the page gets the latter first. */
export function operationsSection(
  file: (typeof serviceFiles)[number],
  seen: ReadonlyMap<string, OperationSeen>,
): { written: string; run: string } {
  const run = sectionText(file, seen);
  const page = readFileSync(pagePath, "utf8");
  const title = run.split("\n")[0] ?? "";
  const written = sectionOf(page, title);
  if (process.env[writeVariable] === undefined) return { written, run };
  writeFileSync(
    pagePath,
    page.replace(written, () => run),
  );
  return { written: run, run };
}

/** Without its last line break. */
function sectionOf(page: string, title: string): string {
  const from = page.indexOf(title);
  if (from < 0) throw new Error(`${pagePath} has no section "${title}"`);
  const next = page.indexOf("\n## ", from);
  return page.slice(from, next < 0 ? undefined : next).trimEnd();
}

function sectionText(file: string, seen: ReadonlyMap<string, OperationSeen>): string {
  const rows = operations.filter((operation) => operation.file === file).map((one) => rowOf(one, seen.get(one.id)));
  return [
    `## Microsoft.Cache/${file.split("-")[0] === "redis" ? "redis" : "redisEnterprise"}`,
    "",
    "| operation | request | called as | api-version | answer |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function rowOf(operation: SwaggerOperation, seen: OperationSeen | undefined): string {
  const request = `\`${operation.method} ${shortPath(operation.path)}\``;
  const cells = [operation.id, request];
  if (seen === undefined) cells.push("–", "–", "not called");
  else cells.push(`\`${seen.call}\``, seen.version, answerText([...seen.answers]));
  return `| ${cells.join(" | ")} |`;
}

function answerText(answers: readonly string[]): string {
  const good = answers.filter((answer) => /^\d+$/.test(answer)).toSorted();
  if (good.length > 0) return good.join(", ");
  return answers.some((answer) => answer.endsWith("OperationNotSupported")) ? "refused: not built" : answers.join(", ");
}

function shortPath(path: string): string {
  return path
    .replace("/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Cache", "~")
    .replace("/subscriptions/{subscriptionId}", "/subscriptions/{s}");
}
