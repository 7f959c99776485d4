/** Which of the host's engines serves a node. Pure. */
import { type EngineFound, LarderError, type NodeSpec, type PersistenceSpec } from "@larder/api";
import { embedded } from "./embedded-settings.ts";
import { isAtLeast } from "./version.ts";

/** The engine of the version that is asked for, or else the most preferred one, of the wanted kind and large enough. Throws EngineNotAvailable. */
export function selectEngine(engines: readonly EngineFound[], spec: NodeSpec): EngineFound {
  const ofKind = engines.filter((engine) => spec.engine === "auto" || engine.kind === spec.engine);
  const able = ofKind.filter((engine) => canServe(engine, spec));
  const { engineVersion: asked } = spec;
  const fitting = able.find(({ name, version }) => name === asked?.name && version === asked.version) ?? able[0];
  if (fitting !== undefined) return fitting;
  throw new LarderError("EngineNotAvailable", ofKind.length === 0 ? missing(spec) : unfit(ofKind, spec));
}

function canServe(engine: EngineFound, spec: NodeSpec): boolean {
  if (spec.replication && !engine.hasTls) return false;
  if (spec.persistence !== null && !canKeep(engine, spec.persistence)) return false;
  if (engine.kind === "embedded" && spec.databases > embedded.databasesMax) return false;
  return engine.memoryBytesMax === null || spec.memoryBytesMax <= engine.memoryBytesMax;
}

/** The embedded engine has no disk and no second process; older ones have append-only files of another kind. */
function canKeep({ kind, name, version }: EngineFound, { hasAof }: PersistenceSpec): boolean {
  return kind === "native" && (!hasAof || name === "valkey" || isAtLeast(version, [7, 0]));
}

function missing(spec: NodeSpec): string {
  return spec.engine === "auto" ? "The host has no engine." : `The host has no ${spec.engine} engine.`;
}

function unfit(engines: readonly EngineFound[], spec: NodeSpec): string {
  if (spec.replication && engines.some(({ kind }) => kind === "native"))
    return "The engine was built without TLS, which replication needs.";
  if (spec.replication) return "The host has only the embedded engine, which cannot replicate.";
  if (spec.persistence !== null && engines.some(({ kind }) => kind === "native"))
    return "Append-only files need Valkey, or Redis 7.0 or newer.";
  if (spec.persistence !== null) return "The host has only the embedded engine, which keeps nothing on disk.";
  return (
    `The host has only the embedded engine, which serves at most ${embedded.memoryBytesMax} bytes and ` +
    `${embedded.databasesMax} databases; ${spec.memoryBytesMax} bytes and ${spec.databases} databases were asked for.`
  );
}
