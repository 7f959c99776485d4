/**
 * Data that goes into a cache's node or comes out of it: what an agent is told to do, and what it says of that. Carried by the
 * documents and reports of agent-protocol.ts.
 *
 * A transfer is level-triggered like a node: it stands in every `AgentDesired` until its end was seen, and is cancelled by
 * standing there no longer. The agent of the node's host carries it out. One that comes back begins it anew: a node that is
 * filled is emptied first, and a file is written under its name only when it is whole.
 *
 *   import    files are loaded, into the cache's intake node ("fill") or into its primary, among what is there ("merge")
 *   export    what the node holds at one moment is written to a file
 *   migrate   another server's data is copied into the cache's intake node, then its changes, until it leads
 *   reverse   the node's changes are written to another server, from which the cache was migrated
 *   compare   what the node holds is compared with another server, or with a file
 *   verify    a backup is loaded into the cache's intake node, which never leads, and what is there is compared with its manifest
 */
import type { Address, NodeId } from "./agent-protocol.ts";
import type { BackupLabel, BackupManifest } from "./backup-manifest.ts";
import type { StorageLocation } from "./storage-location.ts";

export type TransferId = string & { readonly brand: "TransferId" };

export const valueTypes = ["string", "list", "set", "zset", "hash", "stream", "module"] as const;

/**
 * How fast data is taken from a source that serves others: as fast as it comes, at so many bytes a second, or so that it answers them
 * about as soon as before.
 */
export type CopyPace = "auto" | "full" | number;

/** Which keys; an empty list leaves out none. */
export interface KeyFilter {
  prefixes: string[];
  types: (typeof valueTypes)[number][];
  databases: number[];
}

/** Another server, or several that are one. Its passwords are secret. */
export interface RemoteServer {
  /** "auto" asks the server. */
  topology: "auto" | "standalone" | "sentinel" | "cluster";
  /** Of the server, of some of a cluster's, or of Sentinels. */
  addresses: Address[];
  /** The primary's name at the Sentinels; null: not asked of any. */
  sentinelName: string | null;
  sentinelPassword: string | null;
  username: string | null;
  password: string | null;
  tls: RemoteTls | null;
}

export interface RemoteTls {
  /** PEM; null: the system's authorities. */
  ca: string | null;
  /** null: the address's own. */
  serverName: string | null;
  /** PEM of a client's certificate and key; null: none. */
  client: { certificate: string; key: string } | null;
  /** False only where its operator said so. */
  isVerified: boolean;
}

export type TransferSpec = { transferId: TransferId; nodeId: NodeId; filter: KeyFilter } & TransferTask;

export type TransferTask =
  | {
      kind: "import";
      files: StorageLocation[];
      mode: "fill";
      /** Of the only file, where it is known what has to be in it: else the import fails, whatever it holds. */
      expects?: { bytes: number; sha256: string };
    }
  /** `existing`: what becomes of a key that is there already. */
  | { kind: "import"; files: StorageLocation[]; mode: "merge"; existing: "keep" | "replace" }
  | {
      kind: "export";
      /** A folder, container or prefix. */
      to: StorageLocation;
      fileName: string;
      gzip: boolean;
      /** null: that of the node's engine. */
      rdbVersion: number | null;
      /** It is a backup: what passes is counted and digested, and a manifest is put beside it. */
      backup?: BackupLabel;
    }
  | {
      kind: "migrate";
      source: RemoteServer;
      /** "scan" where the source forbids replication; "auto" tries replication first. */
      method: "auto" | "replication" | "scan";
      isPaused: boolean;
      /** How fast the source's data is taken; without it "auto". */
      pace?: CopyPace;
      /** At the end the source is asked to hold its clients' writes, for those who do not come through a gateway. */
      pausesSource: boolean;
    }
  /**
   * `from`: where the migration ended that it turns round, or where an earlier agent of it was. `migrationId`: by which the target
   * notes how far it is, so that another way back of the same migration writes nothing a second time.
   */
  | { kind: "reverse"; target: RemoteServer; migrationId: TransferId; from: StreamPlace; isPaused: boolean }
  | {
      kind: "compare";
      with: RemoteServer | StorageLocation;
      /** How many keys are looked at; null: all. */
      sample: number | null;
    }
  | { kind: "verify"; at: StorageLocation; manifest: BackupManifest };

/** A place in a node's stream of changes: its history by the engine's own id, and how many bytes came before. */
export interface StreamPlace {
  history: string;
  offset: number;
}

/**
 * preparing  it has not moved anything yet
 * running    bytes move
 * following  a migration or its reverse: all is copied, and changes are as they come
 * paused     its owner wants that
 * done       nothing is left to do
 * failed     given up; `error` says why. What was there before is there still
 */
export type TransferState = "preparing" | "running" | "following" | "paused" | "done" | "failed";

export interface TransferObserved {
  transferId: TransferId;
  /** The life of the node's engine that it has to do with: another one has nothing of what was done. null: none yet. */
  runId: string | null;
  state: TransferState;
  /** What it does just now, in a few words: "copying from 10.0.0.4:6379, by replication". */
  phase: string;
  keys: number;
  /** An estimate until the end; null: unknown. */
  keysTotal: number | null;
  bytes: number;
  bytesTotal: number | null;
  /** Left out by the filter, as expired, or because the key was there already. */
  keysSkipped: number;
  /** Of the source's stream of changes, not applied yet; null where there is none. */
  lagBytes: number | null;
  lagMs: number | null;
  /** Files were loaded by the engine itself. */
  usedEngineLoader: boolean;
  /** What this way of doing it cannot guarantee, as sentences. */
  caveats: string[];
  /** What was written. */
  files: { name: string; bytes: number; sha256: string }[];
  /**
   * Of a migration that ended: where the node's stream was as it began to lead. Of a reverse: how far of that stream the target
   * has. A reverse begins there; null before.
   */
  place: StreamPlace | null;
  /** Of a comparison: how many keys differ, and some of them. */
  differences: { count: number; examples: KeyDifference[] } | null;
  /** Of a backup that was made. */
  backup?: BackupManifest;
  error: { code: string; message: string } | null;
}

export interface KeyDifference {
  database: number;
  /** As text, cut to a bound. */
  key: string;
  difference: "missing here" | "missing there" | "type" | "value" | "expiry";
}

/**
 * Of `TransferObserved.error`: its node's engine ended or lost it, and another node may do it. Whoever fills a node begins anew by
 * itself, a few times, before it says so.
 */
export const engineLostCode = "EngineLost";

export const transferLimits = {
  /** How often an agent tells of progress that is nothing but figures. */
  progressEveryMs: 1_000,
  /** Examples in a comparison's report. */
  examplesMax: 100,
} as const;
