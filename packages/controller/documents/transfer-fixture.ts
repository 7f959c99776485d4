/** Transfers with defaults for everything, for tests: what a test sets is what matters to it. */
import type { CacheId, KeyFilter, RemoteServer, TransferId, TransferObserved, TransferTask } from "@larder/api";
import { manifestFixture } from "./backup-fixture.ts";
import type { TransferDocument } from "./transfer-document.ts";

export const noFilter: KeyFilter = { prefixes: [], types: [], databases: [] };

const files = [{ url: "file:///shop.rdb", credentials: null }];
const source: RemoteServer = {
  topology: "auto",
  addresses: [{ host: "old", port: 6379 }],
  sentinelName: null,
  sentinelPassword: null,
  username: null,
  password: "secret",
  tls: null,
};

export const taskFixtures = {
  import: { kind: "import", files, mode: "fill" },
  merge: { kind: "import", files, mode: "merge", existing: "keep" },
  export: {
    kind: "export",
    to: { url: "file:///out", credentials: null },
    fileName: "shop.rdb",
    gzip: false,
    rdbVersion: null,
  },
  verify: { kind: "verify", at: { url: "file:///out", credentials: null }, manifest: manifestFixture },
  migrate: { kind: "migrate", source, method: "auto", isPaused: false, pausesSource: false },
} as const satisfies Record<string, unknown>;

export function transferFixture(task: TransferTask, changes: Partial<TransferDocument> = {}): TransferDocument {
  return {
    transferId: "t1" as TransferId,
    cacheId: "cache-1" as CacheId,
    operationId: null,
    task,
    filter: noFilter,
    nodeId: null,
    nodesBefore: 0,
    lostNodes: 0,
    callOffs: 0,
    status: "waiting",
    cutOver: null,
    createdMs: 0,
    endedMs: null,
    problem: null,
    progress: null,
    ...changes,
  };
}

export function transferObservedFixture(
  transferId: TransferId,
  changes: Partial<TransferObserved> = {},
): TransferObserved {
  return {
    transferId,
    runId: "1",
    state: "running",
    phase: "",
    keys: 0,
    keysTotal: null,
    bytes: 0,
    bytesTotal: null,
    keysSkipped: 0,
    lagBytes: null,
    lagMs: null,
    usedEngineLoader: false,
    caveats: [],
    files: [],
    place: null,
    differences: null,
    error: null,
    ...changes,
  };
}
