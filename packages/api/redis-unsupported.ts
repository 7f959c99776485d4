/**
 * What `Microsoft.Cache/redis` has and Larder does not have yet, as properties of a request body. Each is refused by
 * name when it asks for something; a value that asks for nothing (false, zero, empty) is let through, as clients echo
 * such values back.
 */
import { LarderError } from "./errors.ts";

const asks = {
  count: (value: unknown) => Number(asText(value)) > 0,
  text: (value: unknown) => asText(value) !== "",
  flag: (value: unknown) => asText(value).toLowerCase() === "true",
  managed: (value: unknown) => !["", "sas"].includes(asText(value).toLowerCase()),
};

/** An object may have a `toString` of its own, which is no function. */
function asText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

type Unsupported = { path: readonly string[]; asks: (value: unknown) => boolean; what: string };

const unsupported: readonly Unsupported[] = [
  { path: ["properties", "subnetId"], asks: asks.text, what: "virtual networks" },
  { path: ["properties", "staticIP"], asks: asks.text, what: "virtual networks" },
  { path: ["properties", "shardCount"], asks: asks.count, what: "sharded caches" },
  configuration("preferred-data-persistence-auth-method", asks.managed, "storage that is opened by a managed identity"),
  configuration("storage-subscription-id", asks.text, "storage that is opened by a managed identity"),
  configuration("authnotrequired", asks.flag, "caches without authentication"),
];

function configuration(key: string, asksFor: (value: unknown) => boolean, what: string): Unsupported {
  return { path: ["properties", "redisConfiguration", key], asks: asksFor, what };
}

/** Throws OperationNotSupported for the first such property; takes those that ask for nothing out of `body`. */
export function refuseUnsupported(body: Record<string, unknown>): void {
  for (const { path, asks: asksFor, what } of unsupported) {
    const holder = path.slice(0, -1).reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], body);
    const key = path.at(-1) as string;
    if (typeof holder !== "object" || holder === null || !(key in holder)) continue;
    const values = holder as Record<string, unknown>;
    if (asksFor(values[key])) {
      const target = path.join(".");
      throw new LarderError("OperationNotSupported", `'${target}' asks for ${what}, which Larder does not have yet.`, {
        target,
      });
    }
    delete values[key];
  }
}
