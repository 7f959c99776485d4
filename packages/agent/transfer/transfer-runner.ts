/**
 * The transfers of a host, kept as they are wanted. Nothing begins before the controller has spoken: what an earlier agent was
 * told may have been called off since.
 *
 * Of a node one at a time goes in one direction, the others wait for their turn. What fills a node excludes what else does;
 * an export, a comparison or the stream back to where a cache came from hold up neither that nor each other.
 */
import { LarderError, type NodeId, type TransferId, type TransferObserved, type TransferSpec } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import { verifyBackup } from "./backup/verify-backup.ts";
import { compareData } from "./compare/compare-data.ts";
import { exportData } from "./export/export-data.ts";
import { importData } from "./import/import-data.ts";
import { migrateData } from "./migrate/migrate-data.ts";
import { reverseData } from "./reverse/reverse-data.ts";
import type { LeadOrder, MakeTransfer, TransferContext } from "./transfer.ts";
import type { TransferEngine } from "./transfer-engine.ts";
import { TransferJob } from "./transfer-job.ts";

export interface TransferRunnerOptions {
  engineOf: (nodeId: NodeId) => TransferEngine | null;
  storageRoots: readonly string[];
  clock: Clock;
  randomness: Randomness;
  log: Log;
  onChange: () => void;
}

const directions = {
  import: "in",
  migrate: "in",
  verify: "in",
  export: "out",
  compare: "look",
  reverse: "back",
} as const satisfies Record<TransferSpec["kind"], string>;

export class TransferRunner {
  readonly #options: TransferRunnerOptions;
  readonly #jobs = new Map<TransferId, TransferJob>();
  /** Of those that are wanted no longer, until they have ended. */
  readonly #leaving = new Set<TransferJob>();
  /** When the last one of each node and direction has ended. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: TransferRunnerOptions) {
    this.#options = options;
  }

  /** Starts what is new, tells the others, and ends what is missing. */
  want(specs: readonly TransferSpec[]): void {
    const wanted = new Set(specs.map(({ transferId }) => transferId));
    for (const [transferId, job] of this.#jobs) if (!wanted.has(transferId)) this.#end(transferId, job);
    for (const spec of specs) {
      const job = this.#jobs.get(spec.transferId);
      if (job === undefined) this.#start(spec);
      else job.want(spec);
    }
  }

  observed(): TransferObserved[] {
    return [...this.#jobs.values()].map((job) => job.observed());
  }

  /** Something about a node has changed. */
  look(): void {
    for (const job of this.#jobs.values()) job.look();
  }

  /** Resolves when nothing is left of what fills a node that is to lead. Throws Conflict. */
  async finish(order: LeadOrder): Promise<void> {
    const job = order.transferId === null ? undefined : this.#jobs.get(order.transferId);
    if (job === undefined || job.spec.nodeId !== order.nodeId)
      throw new LarderError("Conflict", "The host does not know what fills the node.");
    await job.finish(order);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#jobs.values(), ...this.#leaving].map((job) => job.stop()));
  }

  #start(spec: TransferSpec): void {
    const { engineOf, ...options } = this.#options;
    const job = new TransferJob(spec, {
      ...options,
      engineOf: ({ nodeId }) => engineOf(nodeId),
      makeTransfer: makers[spec.kind],
    });
    this.#jobs.set(spec.transferId, job);
    const line = `${spec.nodeId} ${directions[spec.kind]}`;
    job.start(this.#turns.get(line) ?? Promise.resolve());
    const turn = job.ended;
    this.#turns.set(line, turn);
    void turn.then(() => this.#turns.get(line) === turn && this.#turns.delete(line));
  }

  #end(transferId: TransferId, job: TransferJob): void {
    this.#jobs.delete(transferId);
    this.#leaving.add(job);
    void job.stop().then(() => this.#leaving.delete(job));
  }
}

const makers: Record<TransferSpec["kind"], MakeTransfer> = {
  import: (context) => importData(context as TransferContext<Extract<TransferSpec, { kind: "import" }>>),
  export: (context) => exportData(context as TransferContext<Extract<TransferSpec, { kind: "export" }>>),
  verify: (context) => verifyBackup(context as TransferContext<Extract<TransferSpec, { kind: "verify" }>>),
  migrate: (context) => migrateData(context as TransferContext<Extract<TransferSpec, { kind: "migrate" }>>),
  reverse: (context) => reverseData(context as TransferContext<Extract<TransferSpec, { kind: "reverse" }>>),
  compare: (context) => compareData(context as TransferContext<Extract<TransferSpec, { kind: "compare" }>>),
};
