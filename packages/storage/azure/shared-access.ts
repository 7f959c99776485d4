/** Shared access signatures (SAS): what can be read of one without its key. Nothing of it gets into an error but its dates and permissions. */
import { StorageError } from "../storage-error.ts";

/** The service's rules for those that are handed in with an import or export. */
const lastsAtLeastMs = 3_600_000;
const begunSinceMs = 900_000;

/**
 * Throws SasExpired, which names se or st, and Forbidden, which names sp. Dates that are not in the signature are in a policy of
 * the container, and judged by the service alone.
 */
export function checkSharedAccess(sas: string, use: { kind: "import" | "export"; nowMs: number }): void {
  const query = new URLSearchParams(sas);
  const endsAtMs = dateOf(query, "se");
  const beginsAtMs = dateOf(query, "st");
  if (endsAtMs < use.nowMs + lastsAtLeastMs)
    throw expired(`se is ${query.get("se")}: it must last at least another hour`);
  if (beginsAtMs > use.nowMs - begunSinceMs)
    throw expired(`st is ${query.get("st")}: it must have begun at least 15 minutes ago`);
  const permissions = query.get("sp");
  if (permissions === null || !query.has("sig")) return;
  const wanted = use.kind === "import" ? ["r"] : ["r", "w"];
  const missing = wanted.filter((permission) => !permissions.includes(permission));
  if (missing.length > 0)
    throw new StorageError("Forbidden", { detail: `sp is ${safe(permissions)}: it lacks ${missing.join("")}` });
}

/** Whether its dates, as far as they are in it, take in this moment. */
export function isInForce(sas: string, nowMs: number): boolean {
  const query = new URLSearchParams(sas);
  return dateOf(query, "se") > nowMs && !(dateOf(query, "st") > nowMs);
}

/** NaN, which compares with nothing, where there is none. Throws SasExpired for what is no date. */
function dateOf(query: URLSearchParams, name: "se" | "st"): number {
  const text = query.get(name);
  if (text === null) return Number.NaN;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw expired(`${name} is not a date`);
  return ms;
}

function expired(detail: string): StorageError {
  return new StorageError("SasExpired", { detail });
}

function safe(text: string): string {
  return text.replace(/[^a-z]/gi, "").slice(0, 20);
}
