/**
 * How far a transfer is. The one who carries it out writes the figures as they come; what the agent reports of them changes
 * once in `progressEveryMs`, and at once with the state or the phase.
 */
import {
  type BackupManifest,
  type TransferId,
  type TransferObserved,
  type TransferState,
  transferLimits,
} from "@larder/api";
import type { Clock } from "@larder/service";

export class Progress {
  keys = 0;
  keysTotal: number | null = null;
  bytes = 0;
  bytesTotal: number | null = null;
  keysSkipped = 0;
  lagBytes: number | null = null;
  lagMs: number | null = null;
  usedEngineLoader = false;
  files: TransferObserved["files"] = [];
  differences: TransferObserved["differences"] = null;
  place: TransferObserved["place"] = null;
  backup: BackupManifest | null = null;
  runId: string | null = null;
  readonly #transferId: TransferId;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #state: TransferState = "preparing";
  #phase = "";
  #error: TransferObserved["error"] = null;
  #caveats: ReadonlyMap<string, string> = new Map();
  #shown: { observed: TransferObserved; atMs: number } | null = null;

  constructor(transferId: TransferId, options: { clock: Clock; onChange: () => void }) {
    this.#transferId = transferId;
    this.#clock = options.clock;
    this.#onChange = options.onChange;
  }

  get state(): TransferState {
    return this.#state;
  }

  /** A new attempt: the figures begin again. `runId`: of the engine's life, where that is another. */
  begin(runId = this.runId): void {
    this.runId = runId;
    this.keys = this.bytes = this.keysSkipped = 0;
    this.keysTotal = this.bytesTotal = this.lagBytes = this.lagMs = null;
    this.usedEngineLoader = false;
    this.files = [];
    this.differences = null;
    this.place = null;
    this.backup = null;
    this.#caveats = new Map();
  }

  enter(state: TransferState, phase: string): void {
    if (state === this.#state && phase === this.#phase) return;
    this.#state = state;
    this.#phase = phase;
    this.#change();
  }

  fail(error: { code: string; message: string }): void {
    this.#error = error;
    this.enter("failed", "");
  }

  /** Each is said once. `about`: it takes the place of what was said of that before. */
  addCaveat(caveat: string, about = caveat): void {
    this.#caveats = new Map(this.#caveats).set(about, caveat);
  }

  observed(): TransferObserved {
    const nowMs = this.#clock.monotonicMs();
    if (this.#shown === null || nowMs - this.#shown.atMs >= transferLimits.progressEveryMs)
      this.#shown = { observed: this.#now(), atMs: nowMs };
    return this.#shown.observed;
  }

  #change(): void {
    this.#shown = null;
    this.#onChange();
  }

  #now(): TransferObserved {
    return {
      transferId: this.#transferId,
      runId: this.runId,
      state: this.#state,
      phase: this.#phase,
      keys: this.keys,
      keysTotal: this.keysTotal,
      bytes: this.bytes,
      bytesTotal: this.bytesTotal,
      keysSkipped: this.keysSkipped,
      lagBytes: this.lagBytes,
      lagMs: this.lagMs,
      usedEngineLoader: this.usedEngineLoader,
      caveats: [...this.#caveats.values()],
      files: this.files,
      differences: this.differences,
      place: this.place,
      ...(this.backup === null ? {} : { backup: this.backup }),
      error: this.#error,
    };
  }
}
