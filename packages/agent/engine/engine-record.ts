/** What the record of an engine process takes from its spec, and which specs the process cannot take. Pure. */
import { LarderError, type NodeSpec } from "@larder/api";
import type { NodeRecord } from "../node-folder.ts";
import type { EngineReplication } from "./replication.ts";

export function recordOf(
  spec: NodeSpec,
): Pick<NodeRecord, "nodeId" | "cacheId" | "generation" | "databases" | "adminUser"> {
  const { nodeId, cacheId, generation, databases } = spec;
  const { name, password } = spec.adminUser;
  return { nodeId, cacheId, generation, databases, adminUser: { name, password } };
}

/** Throws OperationNotSupported. */
export function refuseRestart(
  record: NodeRecord,
  spec: NodeSpec,
  replication: Pick<EngineReplication, "isAlone"> | null,
): void {
  if (spec.databases !== record.databases)
    throw new LarderError("OperationNotSupported", "The number of databases of a running engine cannot change.");
  if (spec.engine !== "auto" && spec.engine !== record.engine.kind)
    throw new LarderError("OperationNotSupported", "A running engine cannot change to another kind.");
  if (spec.replication !== null && replication === null)
    throw new LarderError("OperationNotSupported", "A running engine without a port cannot begin to replicate.");
  if (spec.replication === null && replication?.isAlone === false)
    throw new LarderError("OperationNotSupported", "A running engine cannot cease to replicate.");
  if (record.engine.memoryBytesMax !== null && spec.memoryBytesMax > record.engine.memoryBytesMax)
    throw new LarderError("OperationNotSupported", "The running engine cannot hold that much.");
}
