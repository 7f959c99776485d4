/**
 * One wanted transfer, from its being wanted to its end: waits for its turn and for the node's engine, makes an attempt, and
 * another one where the engine's life ended in between. A new life is empty, and so each attempt begins anew.
 *
 *   preparing → running, following, paused → done | failed
 *
 * `done` and `failed` last until the controller has seen them and wants the transfer no longer.
 */
import { LarderError, type TransferSpec } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import { StorageError } from "@larder/storage";
import { EngineRefused, EngineUnreachable } from "../engine/ask.ts";
import { Wakeup } from "../wakeup.ts";
import { Progress } from "./progress.ts";
import type { LeadOrder, MakeTransfer, Transfer } from "./transfer.ts";
import type { TransferEngine } from "./transfer-engine.ts";
import { TransferError } from "./transfer-error.ts";

export interface TransferJobOptions {
  makeTransfer: MakeTransfer;
  /** The node's engine as it is now; null while it cannot be asked. */
  engineOf: (spec: TransferSpec) => TransferEngine | null;
  storageRoots: readonly string[];
  clock: Clock;
  randomness: Randomness;
  log: Log;
  onChange: () => void;
}

/** How often it is begun anew because the engine was lost, or something else that may pass. */
const attemptsMax = 3;
const anewAfterMs = 1_000;
/** How often it looks whether the engine is there, or still the same. */
const lookEveryMs = 500;

/** After that a node that was to lead does, or will not. */
const leadMarginMs = 2_000;

interface Finished {
  hasLed: boolean;
  leadsByMs: number;
}

export class TransferJob {
  readonly #options: TransferJobOptions;
  readonly #progress: Progress;
  readonly #wakeup: Wakeup;
  readonly #stopped = new AbortController();
  #spec: TransferSpec;
  #current: Transfer | null = null;
  /** Nothing is left to apply, and the node is to lead; null: not so. */
  #finished: Finished | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor(spec: TransferSpec, options: TransferJobOptions) {
    this.#spec = spec;
    this.#options = options;
    this.#progress = new Progress(spec.transferId, options);
    this.#wakeup = new Wakeup(options.clock);
    this.#progress.enter("preparing", "waiting for another transfer of the node");
  }

  get spec(): TransferSpec {
    return this.#spec;
  }

  get isOver(): boolean {
    return this.#progress.state === "done" || this.#progress.state === "failed";
  }

  /** When `turn` has come it begins. */
  start(turn: Promise<void>): void {
    this.#ended = turn.then(() => this.#run());
  }

  /** Resolves when it has ended, by itself or by `stop`. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#wakeup.wake();
    await this.#ended;
  }

  want(spec: TransferSpec): void {
    this.#spec = spec;
    this.#current?.want?.(spec);
  }

  observed() {
    return this.#progress.observed();
  }

  /** Resolves when nothing is left to apply. Throws Conflict. */
  async finish(order: LeadOrder): Promise<void> {
    if (this.#progress.runId !== order.runId)
      throw new LarderError("Conflict", "The engine was started again and has to be filled anew.");
    if (this.#progress.state === "done") return;
    const finish = this.#current?.finish?.bind(this.#current);
    if (finish === undefined) throw new LarderError("Conflict", "The node is not filled yet.");
    await finish(order);
    this.#finished = { hasLed: false, leadsByMs: this.#options.clock.monotonicMs() + order.waitMs + leadMarginMs };
  }

  /** What the engine is has changed. */
  look(): void {
    this.#wakeup.wake();
    this.#goOnIfCalledOff();
  }

  /** It was called off where the node led and is being filled again, and where it does not lead in time. */
  #goOnIfCalledOff(): void {
    const finished = this.#finished;
    const engine = this.#options.engineOf(this.#spec);
    if (finished === null || engine === null) return;
    if (!engine.isIntake) finished.hasLed = true;
    else if (finished.hasLed || this.#options.clock.monotonicMs() > finished.leadsByMs) {
      this.#finished = null;
      this.#current?.goOn?.();
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    for (let attempts = 1; !signal.aborted && !this.isOver; attempts++) {
      const engine = await this.#engine();
      if (engine === null) return;
      const error = await this.#attempt(engine);
      if (signal.aborted) return;
      if (error === null) {
        this.#progress.enter("done", "");
        if (!(await this.#isEmptyAgain(engine))) return;
        if (attempts === attemptsMax) return this.#progress.fail(this.#problemOf(engineLost()));
        this.#progress.enter("preparing", "begins anew");
        continue;
      }
      const { transferId, nodeId, kind } = this.#spec;
      const { code } = this.#problemOf(error);
      const isLast = !this.#mayPass(error) || attempts === attemptsMax;
      this.#options.log.warn({ transferId, nodeId, transfer: kind, code, attempts, isLast }, "a transfer failed");
      if (isLast) this.#progress.fail(this.#problemOf(error));
      else await this.#beforeNext();
    }
  }

  async #engine(): Promise<TransferEngine | null> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const engine = this.#options.engineOf(this.#spec);
      if (engine !== null) return engine;
      this.#progress.enter("preparing", "waiting for the node's engine");
      await this.#wakeup.wait(lookEveryMs);
    }
    return null;
  }

  /** null: it is done. */
  async #attempt(engine: TransferEngine): Promise<unknown> {
    const { makeTransfer, storageRoots, clock, randomness, log } = this.#options;
    const attempt = new AbortController();
    const progress = this.#progress;
    const signal = AbortSignal.any([this.#stopped.signal, attempt.signal]);
    const engineNow = () => {
      const now = this.#options.engineOf(this.#spec);
      return now?.runId === engine.runId ? now : null;
    };
    progress.begin(engine.runId);
    const context = { spec: this.#spec, engine, engineNow, progress, storageRoots, clock, randomness, log, signal };
    const watch = this.#watch(engine, attempt);
    try {
      this.#current = makeTransfer(context);
      await this.#current.run();
      return null;
    } catch (error) {
      if (attempt.signal.aborted) return attempt.signal.reason;
      return error instanceof EngineUnreachable ? engineLost(error) : error;
    } finally {
      this.#current = null;
      this.#finished = null;
      attempt.abort();
      this.#wakeup.wake();
      await watch;
    }
  }

  /** What was filled waits for its turn to lead. Its engine may be started again before. */
  async #isEmptyAgain(filled: TransferEngine): Promise<boolean> {
    while (filled.isIntake && !this.#stopped.signal.aborted) {
      const now = this.#options.engineOf(this.#spec);
      if (now !== null && now.runId !== filled.runId) return now.isIntake;
      if (now?.isIntake === false) return false;
      await this.#wakeup.wait(lookEveryMs);
    }
    return false;
  }

  /** Ends the attempt when the engine's life has. */
  async #watch(engine: TransferEngine, attempt: AbortController): Promise<void> {
    while (!attempt.signal.aborted && !this.#stopped.signal.aborted) {
      this.#goOnIfCalledOff();
      const now = this.#options.engineOf(this.#spec);
      if (now !== null && now.runId !== engine.runId) attempt.abort(engineLost());
      else await this.#wakeup.wait(lookEveryMs);
    }
  }

  /** Time for the node to see that its engine has ended. */
  async #beforeNext(): Promise<void> {
    this.#progress.enter("preparing", "begins anew");
    await this.#options.clock.sleep(anewAfterMs, this.#stopped.signal);
  }

  #mayPass(error: unknown): boolean {
    return error instanceof TransferError && error.isRetryable;
  }

  #problemOf(error: unknown): { code: string; message: string } {
    if (error instanceof TransferError || error instanceof LarderError) return pick(error);
    if (error instanceof EngineRefused) return { code: "Conflict", message: error.message };
    if (error instanceof StorageError) return { ...pick(error), code: `Storage${error.code}` };
    const { transferId, nodeId } = this.#spec;
    this.#options.log.error({ transferId, nodeId, err: error }, "a transfer failed for an unknown reason");
    return { code: "InternalError", message: "A fault in Larder; the log of the host's agent has the details." };
  }
}

function engineLost(cause?: unknown): TransferError {
  return new TransferError("EngineLost", "The node's engine ended.", { isRetryable: true, cause });
}

function pick({ code, message }: { code: string; message: string }): { code: string; message: string } {
  return { code, message };
}
