/**
 * Machines, and the processes on them. What a process does goes through `run` and `after`: nothing while its machine is
 * frozen, all of it in order at the thaw, and nothing any more once the process is dead.
 */
import type { Clock } from "@larder/service";
import { sleepBy, type VirtualClock } from "./clock.ts";

export class Machine {
  readonly name: string;
  readonly clock: VirtualClock;
  isFrozen = false;
  thawedAtMs = Number.NEGATIVE_INFINITY;
  #parked: (() => void)[] = [];

  constructor(name: string, clock: VirtualClock) {
    this.name = name;
    this.clock = clock;
  }

  run(task: () => void): void {
    if (this.isFrozen) this.#parked.push(task);
    else task();
  }

  freeze(): void {
    this.isFrozen = true;
  }

  thaw(): void {
    this.isFrozen = false;
    this.thawedAtMs = this.clock.monotonicMs();
    for (const task of this.#parked.splice(0)) task();
  }
}

export class Process implements Clock {
  readonly machine: Machine;
  readonly bornMs: number;
  isAlive = true;
  readonly #onEnd: (() => void)[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
    this.bornMs = machine.clock.monotonicMs();
  }

  run(task: () => void): void {
    if (!this.isAlive) return;
    this.machine.run(() => {
      if (this.isAlive) task();
    });
  }

  after(ms: number, task: () => void): void {
    this.machine.clock.after(ms, () => this.run(task));
  }

  /** First after `ms`, then always so long after the last. */
  every(ms: number, task: () => void): void {
    this.after(ms, () => {
      task();
      this.every(ms, task);
    });
  }

  /** What others see of its end, whoever ends it. */
  onEnd(task: () => void): void {
    this.#onEnd.push(task);
  }

  end(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const task of this.#onEnd) task();
  }

  nowMs(): number {
    return this.machine.clock.nowMs();
  }

  monotonicMs(): number {
    return this.machine.clock.monotonicMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepBy((after, done) => this.after(after, done), ms, signal);
  }
}
