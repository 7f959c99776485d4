/**
 * Finds the process of a node that an earlier agent started. The record says its id and start time; where the earlier
 * agent died before it wrote the record, the engine's own pid file says at least the id, and only a login on the node's
 * socket then proves whose process it is.
 */
import { type NodePaths, type NodeRecord, readPidFile, readRecord } from "../node-folder.ts";
import { identifyProcess, type ProcessIdentity } from "./process.ts";

export interface Living {
  process: ProcessIdentity;
  /** null when only the pid file speaks for the process. */
  record: NodeRecord | null;
}

/** The process that may be the node's, or undefined when there certainly is none. */
export async function findLiving(paths: NodePaths): Promise<Living | undefined> {
  const record = readRecord(paths) ?? null;
  const pid = record?.process.pid ?? readPidFile(paths);
  const found = pid === undefined ? undefined : await identifyProcess(pid);
  if (found === undefined) return undefined;
  return record === null || record.process.startTime === found.startTime ? { process: found, record } : undefined;
}
