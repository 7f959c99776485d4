/** What an engine says of itself when it is first asked, and the one thing that it is told then. */
import type { EngineFound } from "@larder/api";
import type { EngineConnection } from "./ask.ts";
import type { ReplicationState } from "./replication.ts";
import { initialEpochs, parseReplication } from "./replication-plan.ts";

/** How far it is with loading what it begins with. */
export interface LoadProgress {
  bytes: number;
  bytesTotal: number;
}

/** null: it does not load. */
export function progressOf(info: ReadonlyMap<string, string>): LoadProgress | null {
  if (info.get("loading") !== "1") return null;
  return { bytes: Number(info.get("loading_loaded_bytes")), bytesTotal: Number(info.get("loading_total_bytes")) };
}

/**
 * A detached engine that has loaded a snapshot takes itself for a part of the history that this was of, at its place there. It
 * begins a history of its own: what links it had would not show otherwise.
 */
export async function leaveHistory(connection: EngineConnection): Promise<void> {
  const { following } = parseReplication(await connection.info("replication"));
  if (following === null) return;
  const again = ["REPLICAOF", following.host, String(following.port)];
  for (const command of [["MULTI"], ["REPLICAOF", "NO", "ONE"], again, ["EXEC"]]) await connection.ask(...command);
}

export function describeEngine(info: Map<string, string>, engines: readonly EngineFound[]): EngineFound {
  const valkeyVersion = info.get("valkey_version");
  const version = valkeyVersion ?? info.get("redis_version") ?? "";
  const kind = info.get("os")?.includes("wasm") ? "embedded" : "native";
  const name = valkeyVersion === undefined ? "redis" : "valkey";
  const known = engines.find((engine) => engine.kind === kind && engine.version === version && engine.name === name);
  return known ?? { name, version, kind, path: info.get("executable") ?? "", memoryBytesMax: null, hasTls: false };
}

/** As the configuration of its start says; null for one without a port. One parameter a question, as Redis 6.2 takes it. */
export async function readReplicationState(connection: EngineConnection): Promise<ReplicationState | null> {
  const read = async (name: string) => {
    const pair = await connection.ask("CONFIG", "GET", name);
    return Array.isArray(pair) && pair.length > 1 ? String(pair[1]) : "";
  };
  const port = Number(await read("tls-port"));
  return port > 0 ? { address: { host: await read("replica-announce-ip"), port }, ...initialEpochs } : null;
}
