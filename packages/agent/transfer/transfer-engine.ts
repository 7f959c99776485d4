/** One life of a node's engine as transfers see it: how to reach it, what it takes, and what it is at this moment. */
import type { EngineFound, EngineUser, NodeId, NodeSpec, ReplicationRole } from "@larder/api";
import type { EngineProcess } from "../engine/engine-process.ts";
import type { Feed } from "../engine/replication-plan.ts";

export interface TransferEngine {
  nodeId: NodeId;
  runId: string;
  socketPath: string;
  /** Of the node, on the data disk; it goes with the node. */
  directory: string;
  /** As whom the agent logs in. */
  user: Pick<EngineUser, "name" | "password">;
  engine: EngineFound;
  databases: number;
  /** null where nobody knows, as the controller has not spoken yet. */
  memoryBytesMax: number | null;
  /** It is being filled, and leads nobody: only then may it be emptied. */
  isIntake: boolean;
  /** The controller takes it for one that is being filled: also one that leads by an order may still be called off. */
  isIntakeByDocument: boolean;
  /** "primary" for a node without replication. */
  role: ReplicationRole;
  /** Of its process. */
  pid: number;
  /** Of an intake node: its engine copies from a feed, or no longer. null where it cannot. */
  takeFrom: ((feed: Feed | null) => Promise<void>) | null;
}

/** null while the engine cannot be asked. */
export function transferEngineOf(process: EngineProcess, spec: NodeSpec | undefined): TransferEngine | null {
  const { record } = process;
  if (record === null || record.runId === null || !process.isConnected) return null;
  const canReplicate = record.replication !== null;
  return {
    nodeId: record.nodeId,
    runId: record.runId,
    pid: process.identity.pid,
    socketPath: process.socketPath,
    directory: process.directory,
    user: record.adminUser,
    engine: record.engine,
    databases: record.databases,
    memoryBytesMax: spec?.memoryBytesMax ?? null,
    isIntake: spec?.isIntake === true && (!canReplicate || process.isIntake),
    isIntakeByDocument: spec?.isIntake !== false,
    role: process.replicationObserved()?.role ?? "primary",
    takeFrom: canReplicate ? (feed) => process.takeFrom(feed) : null,
  };
}
