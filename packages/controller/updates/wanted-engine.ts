/**
 * Which engine a cache is to have: the most preferred native one that every active host has, so that each can take any of
 * its nodes. Pure.
 *
 * `redisVersion` says what its owner wants: "latest" the most preferred; "7.0" Redis 7.0, where it is to be had; else, and
 * for "6", whatever is not older. Valkey is not older than any: it began as Redis 7.2.
 */
import { type AgentReport, compareByPreference, compareVersions, type EngineVersion, partsOf } from "@larder/api";

/** null: no engine fits, or there is no host. */
export function wantedEngine(
  redisVersion: string,
  reports: readonly Pick<AgentReport, "engines">[],
): EngineVersion | null {
  const common = enginesOfAll(reports).sort(compareByPreference);
  if (redisVersion.toLowerCase() === "latest") return common[0] ?? null;
  const asked = partsOf(redisVersion);
  const exact = common.find((engine) => asked.length > 1 && isRelease(engine, asked));
  return exact ?? common.find((engine) => isNotOlder(engine, asked)) ?? null;
}

function enginesOfAll(reports: readonly Pick<AgentReport, "engines">[]): EngineVersion[] {
  const [first, ...others] = reports.map(({ engines }) =>
    engines.filter(({ kind }) => kind === "native").map(({ name, version }) => ({ name, version })),
  );
  return (first ?? []).filter((engine) => others.every((other) => other.some((one) => isSame(one, engine))));
}

function isSame(a: EngineVersion, b: EngineVersion): boolean {
  return a.name === b.name && a.version === b.version;
}

function isRelease({ name, version }: EngineVersion, asked: readonly number[]): boolean {
  return name === "redis" && compareVersions(partsOf(version).slice(0, asked.length), asked) === 0;
}

function isNotOlder({ name, version }: EngineVersion, asked: readonly number[]): boolean {
  return name === "valkey" || compareVersions(partsOf(version).slice(0, asked.length), asked) >= 0;
}
