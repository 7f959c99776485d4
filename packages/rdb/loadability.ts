/** How a value gets into an engine: as the payload that it is, by commands that make it anew, or not at all. */

import type { RdbEncodingName } from "./encodings.ts";
import { type EngineFeature, hasFeature, rdbVersionOf, type TargetEngine } from "./engine-versions.ts";

/** What commands cannot bring back on that engine. */
export type Loss = "field expiry" | "stream counters" | "idle consumers" | "stream producers";

export type Loadability =
  /** By RESTORE, with that version in the footer, or within a file of that version. A module's value needs the module. */
  | { readonly way: "payload"; readonly version: number }
  | { readonly way: "commands"; readonly losses: readonly Loss[] }
  | { readonly way: "refused"; readonly why: string };

/** The RDB version that brought the encoding, and the family that alone knows it. */
interface Origin {
  readonly version: number;
  readonly family?: TargetEngine["name"];
}

/** Sources: src/rdb.h of Redis 2.6 to 8.0 and of Valkey 7.2 to 9.1. */
const origins: Partial<Record<RdbEncodingName, Origin>> = {
  string: { version: 1 },
  list: { version: 1 },
  set: { version: 1 },
  zset: { version: 1 },
  hash: { version: 1 },
  "hash-zipmap": { version: 2 },
  "list-ziplist": { version: 2 },
  "set-intset": { version: 2 },
  "zset-ziplist": { version: 2 },
  "hash-ziplist": { version: 4 },
  "list-quicklist": { version: 7 },
  "zset-2": { version: 8 },
  "module-2": { version: 8 },
  "stream-listpacks": { version: 9 },
  "hash-listpack": { version: 10 },
  "zset-listpack": { version: 10 },
  "list-quicklist-2": { version: 10 },
  "stream-listpacks-2": { version: 10 },
  "set-listpack": { version: 11 },
  "stream-listpacks-3": { version: 11 },
  "hash-metadata": { version: 12, family: "redis" },
  "hash-listpack-ex": { version: 12, family: "redis" },
  "hash-metadata-pre-ga": { version: 12, family: "redis" },
  "hash-listpack-ex-pre-ga": { version: 12, family: "redis" },
  "stream-listpacks-4": { version: 13, family: "redis" },
  "stream-listpacks-5": { version: 14, family: "redis" },
  "hash-2": { version: 80, family: "valkey" },
};

export function loadability(encoding: RdbEncodingName, engine: TargetEngine): Loadability {
  const origin = origins[encoding];
  if (origin === undefined) return { way: "refused", why: `${encoding} is not known` };
  const isOfFamily = origin.family === undefined || origin.family === engine.name;
  if (isOfFamily && origin.version <= rdbVersionOf(engine)) return { way: "payload", version: origin.version };
  const what = `${engine.name} ${engine.version}`;
  if (encoding === "module-2")
    return { way: "refused", why: `${what} has no modules, and nothing else makes their values` };
  if (encoding.startsWith("stream") && !hasFeature(engine, "streams"))
    return { way: "refused", why: `${what} has no streams` };
  return { way: "commands", losses: lossesOf(encoding, engine) };
}

/** Whether a file, or a footer, of that version may hold the encoding. */
export function isInVersion(encoding: RdbEncodingName, version: number): boolean {
  const origin = origins[encoding];
  if (origin === undefined || origin.version > version) return false;
  return origin.family === undefined || (origin.family === "valkey") === version >= 80;
}

function lossesOf(encoding: RdbEncodingName, engine: TargetEngine): Loss[] {
  const needs: [isNeeded: boolean, feature: EngineFeature | null, loss: Loss][] = [
    [hasFieldExpiry(encoding), "field expiry", "field expiry"],
    [encoding.startsWith("stream-listpacks-"), "stream counters", "stream counters"],
    [encoding.startsWith("stream"), "consumer creation", "idle consumers"],
    [encoding === "stream-listpacks-4" || encoding === "stream-listpacks-5", null, "stream producers"],
  ];
  return needs
    .filter(([isNeeded, feature]) => isNeeded && (feature === null || !hasFeature(engine, feature)))
    .map(([, , loss]) => loss);
}

export function hasFieldExpiry(encoding: RdbEncodingName): boolean {
  return encoding === "hash-2" || encoding.startsWith("hash-metadata") || encoding.startsWith("hash-listpack-ex");
}
