/** What people type for a cache's properties → the API's values. Throws InvalidParameter and SkuNotSupported. */
import { readFileSync } from "node:fs";
import { LarderError } from "@larder/api/errors";
import type { LarderSettings } from "@larder/api/redis-resource";
import { type Sku, type SkuFamily, type SkuName, skuLimits } from "@larder/api/skus";
import type { StorageLocation } from "@larder/api/storage-location";
import { CommandError } from "./failure.ts";
import { hostsLocation } from "./storage-argument.ts";

const skuPattern = /^(?:(basic|standard|premium)[ _-]?)?([cp])(\d)$/i;

/** "C0", "p1", "Basic_C0", "Standard C1". A bare C is of the tier that is given, a P is always Premium. */
export function parseSku(text: string, tierOfC: SkuName = "Basic"): Sku {
  const match = skuPattern.exec(text.trim());
  const family = match?.[2]?.toUpperCase() as SkuFamily;
  const tier = match?.[1]?.toLowerCase() ?? (family === "P" ? "premium" : tierOfC.toLowerCase());
  const name = (tier.charAt(0).toUpperCase() + tier.slice(1)) as SkuName;
  const sku: Sku = { name, family, capacity: Number(match?.[3]) };
  if (match && skuLimits(sku)) return sku;
  throw new CommandError(
    "SkuNotSupported",
    `There is no size "${text}".`,
    "sizes are Basic_C0 to Basic_C6, Standard_C0 to Standard_C6, Premium_P1 to Premium_P5, and of clusters Balanced_B0 and more",
  );
}

export function parseWholeNumber(flag: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new LarderError("InvalidParameter", `${flag} takes a whole number, not "${text}".`);
}

export type Switch = "on" | "off";

export function parsePublicAccess(given: Switch | undefined): { publicNetworkAccess?: "Enabled" | "Disabled" } {
  return given === undefined ? {} : { publicNetworkAccess: given === "on" ? "Enabled" : "Disabled" };
}

export interface LarderSwitches {
  durableWrites?: Switch;
  replicaReads?: Switch;
  acceptEviction?: boolean;
  /** Where copies of what persistence keeps go; "off": nowhere. */
  persistTo?: string;
}

/** `larder` of a cache's properties; undefined when none of its options was given. */
export function parseLarderSettings(given: LarderSwitches): LarderSettings | undefined {
  const { durableWrites, replicaReads, acceptEviction, persistTo } = given;
  if ([durableWrites, replicaReads, acceptEviction, persistTo].every((each) => each === undefined)) return undefined;
  return {
    ...(persistTo === undefined ? {} : { persistTo: persistToOf(persistTo) }),
    ...(durableWrites === undefined ? {} : { durableWrites: durableWrites === "on" }),
    ...(replicaReads === undefined ? {} : { replicaReads: replicaReads === "on" }),
    ...(acceptEviction === undefined ? {} : { acceptEviction }),
  };
}

function persistToOf(typed: string): StorageLocation {
  if (typed === "off") return { url: "", credentials: null };
  return hostsLocation(typed, { read: readText, environment: process.env });
}

/** ["a=1", "b=x=y"] → { a: "1", b: "x=y" }. */
export function parsePairs(flag: string, pairs: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw new LarderError("InvalidParameter", `${flag} takes name=value, not "${pair}".`);
    values[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return values;
}

/** { a: "1", b: "2" } → "a=1  b=2". */
export function formatPairs(values: Record<string, string>): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  return pairs.join("  ") || "-";
}

/**
 * `redisConfiguration` from --policy, --tokens and --config; undefined when none was given. name=@FILE takes what the file has: a
 * connection string in an argument can be read by everybody on the machine.
 */
export function parseConfiguration(
  given: { policy?: string; tokens?: "on" | "off"; config?: readonly string[] },
  read: (file: string) => string = readText,
): Record<string, string> | undefined {
  const configuration = parsePairs("--config", given.config ?? []);
  for (const [name, value] of Object.entries(configuration))
    if (value.startsWith("@")) configuration[name] = read(value.slice(1)).trim();
  if (given.policy !== undefined) configuration["maxmemory-policy"] = given.policy;
  if (given.tokens !== undefined) configuration["aad-enabled"] = String(given.tokens === "on");
  return Object.keys(configuration).length === 0 ? undefined : configuration;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandError("InvalidParameter", `${file} cannot be read: ${(cause as Error).message}`, "check the path");
  }
}
