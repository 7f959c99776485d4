/**
 * Which RDB version and which commands each release of an engine knows.
 *
 * RESTORE refuses a payload whose footer has a higher version than the engine's own. Valkey 9 also refuses 12 to 79,
 * which only Redis wrote. What is in the payload is read by its type byte alone, so a value of an old type from a new
 * file loads with a lower version in the footer.
 *
 * Sources: RDB_VERSION in src/rdb.h of each release. DUMP of Redis 6.0.16, 7.0.15 and 8.0.2, Valkey 8.0.1 and 9.1.2
 * was seen to agree; Redis 8.6 and 8.8 are as published parsers have them.
 */
export interface TargetEngine {
  readonly name: "redis" | "valkey";
  /** As the engine gives it: 7.0.15. */
  readonly version: string;
}

type Row = readonly [release: string, value: number];

/** Newest first; a release has the version of the first row that is not newer. */
const rdbVersions: Record<TargetEngine["name"], readonly Row[]> = {
  redis: [
    ["8.8", 14],
    ["8.6", 13],
    ["7.4", 12],
    ["7.2", 11],
    ["7.0", 10],
    ["5.0", 9],
    ["4.0", 8],
    ["3.2", 7],
    ["2.6", 6],
  ],
  valkey: [
    ["9.0", 80],
    ["7.2", 11],
  ],
};

export type EngineFeature =
  /** XADD, XGROUP, XCLAIM, XSETID. */
  | "streams"
  /** XGROUP CREATECONSUMER. */
  | "consumer creation"
  /** ENTRIESADDED and MAXDELETEDID of XSETID, ENTRIESREAD of XGROUP CREATE. */
  | "stream counters"
  /** HPEXPIREAT. */
  | "field expiry"
  /** FUNCTION LOAD. */
  | "functions";

const featuresSince: Record<EngineFeature, Record<TargetEngine["name"], string>> = {
  streams: { redis: "5.0", valkey: "7.2" },
  "consumer creation": { redis: "6.2", valkey: "7.2" },
  "stream counters": { redis: "7.0", valkey: "7.2" },
  "field expiry": { redis: "7.4", valkey: "9.0" },
  functions: { redis: "7.0", valkey: "7.2" },
};

/** 0 for releases that are older than all that is known here. */
export function rdbVersionOf(engine: TargetEngine): number {
  const row = rdbVersions[engine.name].find(([release]) => isAtLeast(engine.version, release));
  return row === undefined ? 0 : row[1];
}

export function hasFeature(engine: TargetEngine, feature: EngineFeature): boolean {
  return isAtLeast(engine.version, featuresSince[feature][engine.name]);
}

function isAtLeast(version: string, release: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [releaseMajor = 0, releaseMinor = 0] = release.split(".").map(Number);
  return major !== releaseMajor ? major > releaseMajor : minor >= releaseMinor;
}
