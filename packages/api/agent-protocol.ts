/**
 * What controller and agent say to each other, as JSON over HTTP on the controller's socket, or on its door for agents of
 * other machines (host-protocol.ts).
 *
 *   GET  /agent/watch?host=ID   a stream of newline-ended `AgentMessage`s: `AgentDesired` documents, each whole, where the
 *                               newest replaces all before it, and orders. An empty line every few seconds shows that the
 *                               controller is alive.
 *   POST /agent/report          one `AgentReport`, whole, after every change and at least every `reportEveryMs`. The answer is
 *                               a `ReportAnswer`: a report renews the agent's lease only if it was taken, and the agent has
 *                               the newest document.
 *   POST /agent/answer          one `AgentAnswer`, to an order or to a question about files.
 *
 * Documents and reports are level-triggered: nothing is lost when a message is, as the next one says everything again. The
 * agent keeps the last `AgentDesired` on disk and goes on with it while the controller is away. Documents carry engine
 * passwords: they stay on these ways and in files of mode 0600.
 *
 * Orders are for what cannot wait for a document: steps of a planned change of the primary while clients are held, and
 * what is to happen once. An order may be lost, and its answer too; whoever gave it must be able to go on from not knowing.
 */
import type { BackupManifest } from "./backup-manifest.ts";
import type { ControllerLife } from "./gateway-protocol.ts";
import type { EngineKind } from "./redis-resource.ts";
import type { StorageLocation } from "./storage-location.ts";
import type { TransferId, TransferObserved, TransferSpec } from "./transfer-protocol.ts";

export type NodeId = string & { readonly brand: "NodeId" };
export type CacheId = string & { readonly brand: "CacheId" };

/** One ACL user of an engine. The user `default` is always off and is never listed. */
export interface EngineUser {
  name: string;
  password: string;
  /** ACL rules without `on`, passwords or `reset`: "~* &* +@all -config". */
  rules: string;
}

export interface Address {
  host: string;
  port: number;
}

/**
 * Who is the primary of a cache with replicas, as the controller decided. The same for all of its nodes. No agent puts
 * a record of a lower epoch in force than one that is.
 */
export interface Leader {
  /** Rises with every decision. The first is 1. */
  epoch: number;
  /** The epoch with which this life began to lead. Later ones come of moves that were called off: the data is the same. */
  firstEpoch: number;
  nodeId: NodeId;
  /** It leads in this life only: a restarted engine is empty, and must not be copied. */
  runId: string;
  /**
   * Wall time at which its life was found to be over; null while it leads. From then on nobody leads: its nodes stop where
   * they are and say how much they have, so that the one with the most can follow.
   */
  endedAtMs: number | null;
  /** Where its replicas reach it. Each life of an engine has a port of its own: nobody follows an emptied one by mistake. */
  address: Address;
}

/** How a node of a cache with replicas takes part in replication. */
export interface ReplicationSpec {
  /**
   * null: nobody yet, and older than any record. Nodes that start wait detached; one that was alone until now serves on.
   */
  leader: Leader | null;
  /** As whom the cache's nodes log in to each other: "-@all +psync +sync +replconf +ping". */
  user: EngineUser;
  /** Whether another node could be made the primary: then this one holds writes when nobody can tell that it still is. */
  hasOthers: boolean;
  /** A node with a whole copy answers reads while it has no link to a leader. */
  serveStale: boolean;
  /** False for an engine older than its leader's, which could not read a copy and would drop what it has: it stays detached. */
  follows: boolean;
}

/** An engine by what it is, wherever it lies on a host. */
export interface EngineVersion {
  name: "valkey" | "redis";
  version: string;
}

/** The desired state of one engine process. */
export interface NodeSpec {
  nodeId: NodeId;
  cacheId: CacheId;
  /** Rises with every change of the fields below; the agent reports the newest that it has applied. */
  generation: number;
  engine: "auto" | EngineKind;
  /** A new life of the engine is of this version where the host has it, else of the host's preferred one. null: the latter. */
  engineVersion: EngineVersion | null;
  /** A life that is to end: where the engine's run id is this, the agent ends it and starts another. */
  endRunId: string | null;
  memoryBytesMax: number;
  maxmemoryPolicy: string;
  databases: number;
  notifyKeyspaceEvents: string;
  /** The user that the agent itself logs in as. */
  adminUser: EngineUser;
  users: EngineUser[];
  /**
   * The users of access policies. Their rules are the cache's owner's, so they are given to a running engine alone: one that an engine
   * does not take is reported, and keeps neither the others nor the engine from working. Who is not among them is removed.
   */
  policyUsers: EngineUser[];
  /** Rises with every change of `policyUsers`, apart from `generation`. */
  accessGeneration: number;
  /**
   * null: a node alone, which starts as a primary. Where it can, it listens for other hosts like any other, so that it may
   * be given replicas later without a restart; it cannot become a node alone again in the same life.
   */
  replication: ReplicationSpec | null;
  /**
   * It is being filled, and does not take part yet: its engine takes writes from its agent, follows nobody whatever the leader
   * record says, and nobody is told where it is. It leaves this by a record that names it.
   */
  isIntake: boolean;
  /** null: nothing is kept on disk, and each life begins empty. */
  persistence: PersistenceSpec | null;
}

/** What of a node is kept for its next life. */
export interface PersistenceSpec {
  /** Wall time at which it was turned on. What was kept before that is not loaded: its owner had given it up. */
  sinceMs: number;
  /** From the end of one snapshot to the beginning of the next; null: none are taken. A primary that is followed leaves it to its replicas. */
  snapshotEveryMs: number | null;
  /** How many are kept in storage; on the host at least two, so that there is one before the newest. */
  snapshotsMax: number;
  /** Every write goes to a file that is synced each second. */
  hasAof: boolean;
  /** Where copies go, under a name of the cache; null: nowhere. */
  copyTo: StorageLocation | null;
  /** Append-only files go there in parts, what has come since so often; null: they do not, and snapshots do. */
  aofCopyEveryMs: number | null;
  /** A node that has nothing of its own may begin with a copy from there: the cache has served, and nobody leads it. */
  takesCopy: boolean;
}

export interface AgentDesired {
  life?: ControllerLife;
  revision: number;
  nodes: NodeSpec[];
  transfers: TransferSpec[];
}

/**
 * yield    of a primary that is to hand over: refuses no reads, holds writes (which no gateway sends any more) and says how
 *          much it has written. It holds them until a document with a newer leader comes, at most `yieldMs` without one.
 * lead     of the node that takes over: waits until it has processed `offset`, at most `waitMs`, and becomes a primary
 *          with the record `leader`. Refused with an epoch that is not above the one in force, and by another life. Where it is
 *          an intake node, `transferId` is what fills it: instead of the offset it waits until nothing is left of that.
 * flush    of a primary: removes all keys of all databases.
 * publish  of a primary: publishes a message on a channel.
 * tryRules of any node: whether its engine takes such rules for a user. Refused with InvalidParameter and the engine's words.
 */
export type AgentOrder = { orderId: string; nodeId: NodeId; runId: string } & (
  | { kind: "yield"; yieldMs: number }
  | { kind: "lead"; leader: Leader; offset: number; waitMs: number; transferId: TransferId | null }
  | { kind: "flush" }
  | { kind: "publish"; channel: string; message: string }
  | { kind: "tryRules"; rules: string }
);

/**
 * About files of backups, of any agent that reaches their storage. Either is harmless when it is said twice.
 *
 * list    the backups of one cache, or of all (null), by their manifests: the newest `backupsListedMax`
 * remove  files that need not be there
 */
export type FilesOrder = { orderId: string; at: StorageLocation } & (
  | { kind: "list"; cache: string | null }
  | { kind: "remove"; names: string[] }
);

export const backupsListedMax = 1_000;

export interface AgentAnswer {
  orderId: string;
  /** null: done. */
  error: { code: string; message: string } | null;
  /** Of the engine's stream of writes, after the order; null where it does not matter. */
  offset: number | null;
  /** What there is, the newest first; only where it was asked for. */
  backups?: BackupManifest[];
}

/** A line of the stream. */
export type AgentMessage = AgentDesired | { order: AgentOrder } | { files: FilesOrder };

/** An engine found on the host. */
export interface EngineFound {
  name: "valkey" | "redis";
  version: string;
  kind: EngineKind;
  /** The program, for a native engine; the npm package for the embedded one. */
  path: string;
  /** The largest `memoryBytesMax` that it can serve; null where only the host limits it. */
  memoryBytesMax: number | null;
  /** Whether other hosts can reach it, and it them: without TLS an engine listens on its Unix socket alone. */
  hasTls: boolean;
}

/**
 * starting  the process exists, or is being made, and does not answer yet
 * running   it answers, and the reported generation is applied
 * failed    the agent gave up or waits to try again; `error` says why
 */
export type NodeState = "starting" | "running" | "failed";

/**
 * detached  it serves no data, follows nobody, and nobody can copy it; data that it has stays. Also a node that is being filled
 * primary   it serves, and others may follow it
 * replica   it follows the leader
 */
export type ReplicationRole = "detached" | "primary" | "replica";

export interface ReplicaObserved {
  /** "host:port", as the replica's own `ReplicationObserved.address`. */
  address: string;
  offset: number;
  /** Since the replica last said how far it is; it does so every second. */
  lagSeconds: number;
  /** The engine's word; "online" once the first copy is over and it has said how far it is, "copied" in between. */
  state: string;
}

export interface ReplicationObserved {
  /** Of this life of the engine. */
  address: Address;
  role: ReplicationRole;
  /** Of the leader record that is in force here; 0 before any. */
  epoch: number;
  /** Of the newest leader of whose data it holds a whole copy; of a primary, its own; 0 where it holds none. */
  copiedEpoch: number;
  /** How far it is in the stream of writes: a primary has written this, any other has processed it. */
  offset: number;
  /** Of a replica: whether its link is up and the first copy is complete. */
  inSync: boolean;
  /** Of a replica: whether its leader has been heard within `leaderSilentMs`. A link that is up tells nothing of a frozen host. */
  hearsLeader: boolean;
  /** Of a primary: it holds writes, after an order to hand over or for want of anybody who could say that it still leads. */
  holdsWrites: boolean;
  /** Of a primary: who is attached. */
  replicas: ReplicaObserved[];
}

export interface NodeObserved {
  nodeId: NodeId;
  cacheId: CacheId;
  /** The newest applied generation; 0 before the first. */
  generation: number;
  /** The newest that this life of the engine has taken; 0 before the first. */
  accessGeneration: number;
  /** Of `policyUsers`, those whose rules the engine does not take, with its words; they may do nothing. */
  refusedUsers: { name: string; message: string }[];
  state: NodeState;
  /** Where the gateway connects: a Unix socket's path. */
  socketPath: string;
  pid: number | null;
  /** The engine's own id of this process life (INFO server, run_id); a new one means that memory began empty. */
  runId: string | null;
  engine: EngineFound | null;
  memoryBytesUsed: number | null;
  /** null for a node that listens on its Unix socket alone, and while the engine does not run. */
  replication: ReplicationObserved | null;
  error: { code: string; message: string } | null;
  /** The newest life whose end the agent knows of; null before any. */
  endedRunId: string | null;
  /**
   * What is in memory of what this life began with, or while it does not run what the next may begin with; null: nothing. Of a
   * node that was told to follow another it is not what it began with any more.
   */
  restored: RestoredData | null;
  /** null where nothing is to be kept. */
  persistence: PersistenceObserved | null;
}

/** Data of an earlier life, of this node or, by a copy in storage, of another of its cache. */
export interface RestoredData {
  from: "snapshot" | "aof" | "copy";
  /** Of the leader under which it was written, and how far in that one's stream: higher is newer. 0 where it was written by a node alone. */
  epoch: number;
  offset: number;
  savedAtMs: number;
}

export interface PersistenceObserved {
  /** How far it is with loading what was kept; null where it is not loading. */
  loading: { bytes: number; bytesTotal: number } | null;
  /** Of this host's, the newest. */
  lastSnapshot: { endedAtMs: number; durationMs: number; bytes: number } | null;
  /** How many snapshots, copies and writes of the AOF have failed, since the agent started. */
  failures: number;
  /** All that the engine has answered is in the AOF, but for the last second. */
  hasAof: boolean;
  /** While nobody leads: whether it has looked for anything newer than it holds, on its disk and in storage. It begins anew with that. */
  hasLooked: boolean;
  /** When everything that was to be copied to storage last was. */
  copiedAtMs: number | null;
  /** Files that could not be read, and were kept aside. */
  setAside: { name: string; reason: string }[];
  /** Why the newest snapshot, its copy or the AOF failed; null: all is well. */
  problem: { code: string; message: string } | null;
}

/** When the controller gave an answer, by its own clock. The agent gives it back as it is. */
export interface ReportStamp {
  /** Which life of the controller it was: each has its own clock. */
  life: number;
  atMs: number;
}

export interface AgentReport {
  hostId: string;
  /** Of the newest answer; null before any. What is reported was so after that. */
  stamp: ReportStamp | null;
  /** The host's own IP address, at which its engines listen. */
  address: string;
  /** As its operator named it; null where zones mean nothing. */
  zone: string | null;
  memoryBytesTotal: number;
  engines: EngineFound[];
  /** Which kind the operator allowed: `larder up --engine`. */
  engineKind: "auto" | EngineKind;
  /** Every node that exists on the host, wanted or not. A node that is gone is not listed. */
  nodes: NodeObserved[];
  /** Every transfer that is wanted of the host. */
  transfers: TransferObserved[];
  /** Which secrets key has sealed all that it keeps; null: not known yet. Left out by an older agent. */
  secretsKeyId?: string | null;
}

export interface ReportAnswer {
  stamp: ReportStamp;
  /** False where the report's own stamp was missing or too old: it is to be made again, with this answer's. */
  isTaken: boolean;
  /** Of the newest document for the agent. One that has it knows who leads; one that has not may hear of it late. */
  life?: ControllerLife;
  revision: number;
}

/**
 * The lease of a host: each from the sending of the last report that renewed it. Before anybody may take a silent host
 * for lost, its agent holds the writes of its primaries, unless a replica is there to say that it still leads.
 *
 *   askMs     from here on primaries ask their replicas at every look, which both sides hear
 *   fenceMs   from here on a primary holds writes while it is not known to have been followed for `unfollowedMs`
 *   lostMs    the controller takes the host for lost
 *
 * Invariant, with looks every 400 ms before `askMs` and every 200 ms after it: what a host has written until it is cut off,
 * `reportEveryMs` after its last report at the latest, it has seen 400 ms later at the latest, and so it holds writes
 * `reportEveryMs` + 400 + `unfollowedMs` + 200 ms after that report, which is no later than `lostMs`. Mostly it is 400 ms
 * earlier, as a replica has what was seen at the look before.
 *
 * A leader does not hold writes while a replica follows. So whoever takes its host for lost because no replica hears it has to
 * have asked lately: what is said in a report that is taken is no older than `reportAgeMs`. Reports that lay in the network
 * longer, as they do when a controller was cut off, speak of links that may be back.
 */
export const agentLimits = {
  /** The longest silence between two reports. */
  reportEveryMs: 400,
  /**
   * From an answer to the coming of the report that was made after it: the pause between them, and 600 ms for both ways and
   * for machines that are busy. A report that is older is not taken; the next, made at once, has the time of the pause, too.
   */
  reportAgeMs: 1_000,
  /** The controller's empty line on an idle watch. */
  keepAliveMs: 5_000,
  /** More than a report that is on time takes. */
  askMs: 500,
  /** Time for a controller that was killed to come back. */
  fenceMs: 1_200,
  /** Several questions, each of which shows that it was followed at the look before. */
  unfollowedMs: 800,
  lostMs: 1_900,
  /** A document that has not come for so long, although reports get through, is asked for anew. */
  documentLateMs: 1_000,
  /** A leader that a replica has not heard for so long is silent. Leaders send something every second, and it is looked often from then on. */
  leaderSilentMs: 1_400,
} as const;
