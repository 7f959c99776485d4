/**
 * One attempt to carry out a transfer, with one life of a node's engine. Each kind is such a thing: it is made for the attempt,
 * runs once, and leaves nothing behind but what it was to do.
 *
 * It holds no whole file and no whole value above a named limit in memory. When the signal is aborted it ends soon, with
 * whatever error. What it throws otherwise is the transfer's end, unless it is a TransferError that may be tried again.
 */
import type { AgentOrder, TransferSpec } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import type { Progress } from "./progress.ts";
import type { TransferEngine } from "./transfer-engine.ts";

export interface TransferContext<Spec extends TransferSpec = TransferSpec> {
  spec: Spec;
  /** As it was at the attempt's beginning. */
  engine: TransferEngine;
  /** As it is now; null while it cannot be asked. Of the same life: the attempt is over with that. */
  engineNow: () => TransferEngine | null;
  progress: Progress;
  /** Folders of this host beneath which files may be. */
  storageRoots: readonly string[];
  clock: Clock;
  randomness: Randomness;
  log: Log;
  signal: AbortSignal;
}

export type LeadOrder = Extract<AgentOrder, { kind: "lead" }>;

export interface Transfer {
  /** Resolves when nothing is left to do. */
  run(): Promise<void>;
  /** What is wanted has changed in what may change: `isPaused`. */
  want?(spec: TransferSpec): void;
  /**
   * The node is to lead. Resolves when nothing is left to apply, and applies nothing from then on. Throws a LarderError where
   * that takes longer than the order waits. A transfer without it is finished when it has run.
   */
  finish?(order: LeadOrder): Promise<void>;
  /** The node does not lead after all: the transfer goes on from where it was. */
  goOn?(): void;
}

export type MakeTransfer = (context: TransferContext) => Transfer;
