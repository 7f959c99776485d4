/**
 * What processes say to each other: pipes like TCP's. Each direction is in order and loses nothing while the pipe lives;
 * different pipes know nothing of each other's order. A cut link delays what is on its way until some time after it is
 * healed, and tells nobody. A process that ends closes its pipes, behind what it has sent.
 */
import type { Chance } from "./chance.ts";
import type { VirtualClock } from "./clock.ts";
import type { Process } from "./process.ts";

/** How long after the healing what is on its way is sent again. New connections do not wait for that. */
const resumeMs = [0, 2_000] as const;
const delays = { localMs: [0.02, 0.2], farMs: [0.1, 1], slowMs: [5, 40], slowShare: 0.01 } as const;

export class Network {
  readonly clock: VirtualClock;
  readonly #chance: Chance;
  /** How often each pair of machines is cut. */
  readonly #cuts = new Map<string, number>();
  readonly #stalled = new Set<Lane>();
  /** Lanes that go on soon. */
  #resuming = 0;

  constructor(clock: VirtualClock, chance: Chance) {
    this.clock = clock;
    this.#chance = chance;
  }

  /** A listener that is not there closes the pipe. */
  connect(from: Process, to: Process): Pipe {
    return new Pipe(this, from, to);
  }

  cut(one: string, other: string): void {
    const pair = pairOf(one, other);
    this.#cuts.set(pair, (this.#cuts.get(pair) ?? 0) + 1);
  }

  heal(one: string, other: string): void {
    const pair = pairOf(one, other);
    this.#cuts.set(pair, (this.#cuts.get(pair) ?? 0) - 1);
    for (const lane of this.#stalled) this.#resumeSoon(lane);
    this.#stalled.clear();
  }

  /** Whether anything that was on its way when a link was cut has not come yet. */
  get isDelaying(): boolean {
    return this.#stalled.size > 0 || this.#resuming > 0;
  }

  isCut(one: string, other: string): boolean {
    return one !== other && (this.#cuts.get(pairOf(one, other)) ?? 0) > 0;
  }

  stall(lane: Lane): void {
    this.#stalled.add(lane);
  }

  #resumeSoon(lane: Lane): void {
    this.#resuming++;
    this.clock.after(this.#chance.between(...resumeMs), () => {
      this.#resuming--;
      lane.pump();
    });
  }

  delayMs(isLocal: boolean): number {
    if (isLocal) return this.#chance.between(...delays.localMs);
    const [from, to] = this.#chance.is(delays.slowShare) ? delays.slowMs : delays.farMs;
    return this.#chance.between(from, to);
  }
}

/** One direction of a pipe. */
class Lane {
  readonly #network: Network;
  readonly #from: Process;
  readonly #to: Process;
  readonly #deliver: (task: () => void) => void;
  readonly #queue: { atMs: number; task: () => void }[] = [];

  constructor(network: Network, from: Process, to: Process, deliver: (task: () => void) => void) {
    this.#network = network;
    this.#from = from;
    this.#to = to;
    this.#deliver = deliver;
  }

  send(task: () => void): void {
    const { clock } = this.#network;
    const delayMs = this.#network.delayMs(this.#from.machine === this.#to.machine);
    const atMs = Math.max(clock.monotonicMs() + delayMs, this.#queue.at(-1)?.atMs ?? 0);
    this.#queue.push({ atMs, task });
    clock.after(atMs - clock.monotonicMs(), () => this.pump());
  }

  pump(): void {
    const nowMs = this.#network.clock.monotonicMs();
    for (let head = this.#queue[0]; head !== undefined && head.atMs <= nowMs; head = this.#queue[0]) {
      if (this.#network.isCut(this.#from.machine.name, this.#to.machine.name)) return this.#network.stall(this);
      this.#queue.shift();
      this.#deliver(head.task);
    }
  }
}

export class Pipe {
  readonly #lanes = new Map<Process, Lane>();
  readonly #others = new Map<Process, Process>();
  readonly #onClose = new Map<Process, () => void>();
  /** Ends that have closed it, or know that the other has. */
  readonly #closed = new Set<Process>();

  constructor(network: Network, from: Process, to: Process) {
    this.#addEnd(network, from, to);
    this.#addEnd(network, to, from);
  }

  isOpen(end: Process): boolean {
    return !this.#closed.has(end);
  }

  /** Runs `deliver` at the other end. */
  send(end: Process, deliver: () => void): void {
    if (this.isOpen(end) && end.isAlive) this.#laneFrom(end).send(deliver);
  }

  /** Called when the other end has closed it or is not there. */
  onClose(end: Process, task: () => void): void {
    this.#onClose.set(end, task);
  }

  close(end: Process): void {
    if (!this.isOpen(end)) return;
    this.#closed.add(end);
    this.#laneFrom(end).send(() => this.#hearClose(this.#other(end)));
  }

  #addEnd(network: Network, from: Process, to: Process): void {
    this.#others.set(from, to);
    this.#lanes.set(from, new Lane(network, from, to, (task) => this.#deliver(from, to, task)));
    from.onEnd(() => this.close(from));
  }

  #deliver(from: Process, to: Process, task: () => void): void {
    if (to.isAlive)
      to.run(() => {
        if (this.isOpen(to)) task();
      });
    else if (this.isOpen(from)) this.#laneFrom(to).send(() => this.#hearClose(from));
  }

  #hearClose(end: Process): void {
    if (!this.isOpen(end)) return;
    this.#closed.add(end);
    this.#onClose.get(end)?.();
  }

  #other(end: Process): Process {
    return this.#others.get(end) as Process;
  }

  #laneFrom(end: Process): Lane {
    return this.#lanes.get(end) as Lane;
  }
}

function pairOf(one: string, other: string): string {
  return one < other ? `${one}|${other}` : `${other}|${one}`;
}
