/**
 * What controller and agent say to each other, as JSON over HTTP on the controller's socket.
 *
 *   GET  /agent/watch?host=ID   a stream of newline-ended `AgentDesired` documents, each whole: the newest replaces
 *                               all before it. An empty line every few seconds shows that the controller is alive.
 *   POST /agent/report          one `AgentReport`, whole, after every change and at least every `reportEveryMs`.
 *
 * Both are level-triggered: nothing is lost when a message is, as the next one says everything again. The agent keeps
 * the last `AgentDesired` on disk and goes on with it while the controller is away. Documents carry engine passwords:
 * they stay on this socket and in files of mode 0600.
 */
import type { EngineKind } from "./redis-resource.ts";

export type NodeId = string & { readonly brand: "NodeId" };
export type CacheId = string & { readonly brand: "CacheId" };

/** One ACL user of an engine. The user `default` is always off and is never listed. */
export interface EngineUser {
  name: string;
  password: string;
  /** ACL rules without `on`, passwords or `reset`: "~* &* +@all -config". */
  rules: string;
}

/** The desired state of one engine process. */
export interface NodeSpec {
  nodeId: NodeId;
  cacheId: CacheId;
  /** Rises with every change of the fields below; the agent reports the newest that it has applied. */
  generation: number;
  engine: "auto" | EngineKind;
  memoryBytesMax: number;
  maxmemoryPolicy: string;
  databases: number;
  notifyKeyspaceEvents: string;
  /** The user that the agent itself logs in as. */
  adminUser: EngineUser;
  users: EngineUser[];
}

export interface AgentDesired {
  revision: number;
  nodes: NodeSpec[];
}

/** An engine found on the host. */
export interface EngineFound {
  name: "valkey" | "redis";
  version: string;
  kind: EngineKind;
  /** The program, for a native engine; the npm package for the embedded one. */
  path: string;
  /** The largest `memoryBytesMax` that it can serve; null where only the host limits it. */
  memoryBytesMax: number | null;
}

/**
 * starting  the process exists, or is being made, and does not answer yet
 * running   it answers, and the reported generation is applied
 * failed    the agent gave up or waits to try again; `error` says why
 */
export type NodeState = "starting" | "running" | "failed";

export interface NodeObserved {
  nodeId: NodeId;
  cacheId: CacheId;
  /** The newest applied generation; 0 before the first. */
  generation: number;
  state: NodeState;
  /** Where the gateway connects: a Unix socket's path. */
  socketPath: string;
  pid: number | null;
  /** The engine's own id of this process life (INFO server, run_id); a new one means that memory began empty. */
  runId: string | null;
  engine: EngineFound | null;
  memoryBytesUsed: number | null;
  error: { code: string; message: string } | null;
}

export interface AgentReport {
  hostId: string;
  memoryBytesTotal: number;
  engines: EngineFound[];
  /** Which kind the operator allowed: `larder up --engine`. */
  engineKind: "auto" | EngineKind;
  /** Every node that exists on the host, wanted or not. A node that is gone is not listed. */
  nodes: NodeObserved[];
}

export const agentLimits = {
  /** The longest silence between two reports. */
  reportEveryMs: 2_000,
  /** The controller's empty line on an idle watch. */
  keepAliveMs: 5_000,
} as const;
