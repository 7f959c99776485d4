/**
 * The folder of one node on its host, and the record in it: what a later agent needs to find the engine process again.
 * Everything is owner-only. The record carries the admin password that the engine had when it was written.
 *
 *   node.json      the record
 *   engine.pid     written by the engine itself, so that it is found even when the agent died before the record
 *   engine.conf    the settings of its last start (JSON for the embedded engine)
 *   engine.log     all that it says; engine.log.old before that
 *
 * What is kept of its data is beside them (persistence/node-keeping.ts).
 */
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import type { CacheId, EngineFound, EngineUser, NodeId, RestoredData } from "@larder/api";
import { readJsonFile, type SecretKeys, sealedBy, writeFileAtomic } from "@larder/service";
import type { ProcessIdentity } from "./engine/process.ts";
import type { ReplicationState } from "./engine/replication.ts";
import type { Source } from "./persistence/beginning.ts";
import { keepingPaths } from "./persistence/node-keeping.ts";

export interface NodeRecord {
  nodeId: NodeId;
  cacheId: CacheId;
  process: ProcessIdentity;
  /** Where the process listens, which is not where one would be put today when the data directory has moved. */
  socketPath: string;
  engine: EngineFound;
  /** Of the spec that is in force. */
  generation: number;
  databases: number;
  adminUser: Pick<EngineUser, "name" | "password">;
  /** null until the process first answered. */
  runId: string | null;
  /** null for a node that only its own host reaches. */
  replication: ReplicationState | null;
  /** What the process began with; null where it began empty, and in the record of an older agent. */
  restored?: RestoredData | null;
}

/** And what is sealed of what lies there. */
export interface NodePaths {
  keys: SecretKeys;
  directory: string;
  recordPath: string;
  pidPath: string;
  configPath: string;
  logPath: string;
  socketPath: string;
}

export interface AgentDirectories {
  keys: SecretKeys;
  dataDirectory: string;
  socketDirectory: string;
}

const logBytesMax = 1024 * 1024;
const logTailBytes = 4096;

export function nodePaths(directories: AgentDirectories, nodeId: NodeId): NodePaths {
  if (!/^[\w-]{1,40}$/.test(nodeId)) throw new Error("a node id that cannot name a file");
  const directory = join(nodesDirectory(directories), nodeId);
  return {
    keys: directories.keys,
    directory,
    recordPath: join(directory, "node.json"),
    pidPath: join(directory, "engine.pid"),
    configPath: join(directory, "engine.conf"),
    logPath: join(directory, "engine.log"),
    socketPath: join(directories.socketDirectory, `${nodeId}.sock`),
  };
}

export function nodesDirectory(directories: AgentDirectories): string {
  return join(directories.dataDirectory, "nodes");
}

/** The nodes that have a folder. */
export function listNodes(directories: AgentDirectories): NodeId[] {
  return readdirSync(nodesDirectory(directories)) as NodeId[];
}

/** The password alone is sealed: people look into records. */
export function writeRecord({ recordPath, keys }: NodePaths, record: NodeRecord): void {
  const { name, password } = record.adminUser;
  const adminUser = { name, password: keys.open().seal(password, record.nodeId) };
  writeFileAtomic(recordPath, JSON.stringify({ ...record, adminUser }));
}

/** Undefined when there is none, or it cannot be read: then the process id file is all there is. */
export function readRecord({ recordPath, keys }: Pick<NodePaths, "recordPath" | "keys">): NodeRecord | undefined {
  const record = readSealedRecord(recordPath);
  if (record === undefined || sealedBy(record.adminUser.password) === undefined) return record;
  const { name, password } = record.adminUser;
  return { ...record, adminUser: { name, password: openPassword(keys, password, record.nodeId) } };
}

/** Its password with the present key. What no key opens stays as it is. */
export function resealRecord({ recordPath, keys }: Pick<NodePaths, "recordPath" | "keys">): void {
  const record = readSealedRecord(recordPath);
  if (record === undefined) return;
  const { adminUser, nodeId } = record;
  const password = keys.open().sealedAnew(adminUser.password, nodeId);
  if (password === undefined) return;
  writeFileAtomic(recordPath, JSON.stringify({ ...record, adminUser: { ...adminUser, password } }));
}

function readSealedRecord(recordPath: string): NodeRecord | undefined {
  try {
    const record = readJsonFile<Partial<NodeRecord> | null>(recordPath);
    return typeof record?.adminUser?.password === "string" ? (record as NodeRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** "" where the key that sealed it is gone, as after two new ones: what is wanted of the node has the password, too. */
function openPassword(keys: SecretKeys, sealed: string, nodeId: NodeId): string {
  try {
    return keys.open().open(sealed, nodeId);
  } catch {
    return "";
  }
}

export function readPidFile(paths: NodePaths): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(paths.pidPath, "latin1"), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes the folder ready for a start: no trace of an earlier process is left, and the engine finds the snapshot that it is
 * to load, or none. A replica that died while it was copied to leaves one, and an engine loads what it finds.
 */
export function prepareFolder(paths: NodePaths, source: Source | null = null): void {
  mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
  forgetProcess(paths);
  for (const file of readdirSync(paths.directory))
    if (file.endsWith(".rdb")) rmSync(join(paths.directory, file), { force: true });
  if (source?.kind === "snapshot") linkSync(source.path, keepingPaths(paths.directory).dumpPath);
  if ((statSync(paths.logPath, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax)
    renameSync(paths.logPath, `${paths.logPath}.old`);
}

/** Removes what leads to a process that is no more, or never was the node's. */
export function forgetProcess(paths: NodePaths): void {
  for (const path of [paths.recordPath, paths.pidPath, paths.socketPath]) rmSync(path, { force: true });
}

export function removeFolder(paths: NodePaths): void {
  rmSync(paths.socketPath, { force: true });
  rmSync(paths.directory, { recursive: true, force: true });
}

/** The engine's last words; empty when it said nothing. */
export function readLogTail(paths: NodePaths): string {
  const size = statSync(paths.logPath, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return "";
  const tail = Buffer.alloc(Math.min(size, logTailBytes));
  const file = openSync(paths.logPath, "r");
  try {
    readSync(file, tail, 0, tail.length, size - tail.length);
  } finally {
    closeSync(file);
  }
  return tail.toString("utf8");
}
