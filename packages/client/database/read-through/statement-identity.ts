/** A short name for a statement with its parameters: the same for the same, in every process, in whatever order they are named. */
import { createHash } from "node:crypto";

export function statementIdentity(statement: string, parameters: unknown): string {
  const named = Array.isArray(parameters) ? parameters : Object.entries(parameters ?? {}).sort();
  const text = JSON.stringify([statement, named], (_, value) => (typeof value === "bigint" ? `${value}n` : value));
  return createHash("sha256").update(text).digest("base64url");
}
