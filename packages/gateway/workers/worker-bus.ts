/**
 * The gateway's other workers, as this one sees them: how many clients each cache has there, which ports they hold, whose log-ins
 * fail there, and what they answer about their clients. Workers share nothing else.
 *
 * Counts are told once for each turn of the event loop in which they changed. So what is known of another worker is as
 * old as one message, and a limit that is counted over all can be passed by what they admit in that time. A worker that
 * is away has no clients. One that hangs keeps those that it had, and costs whoever asks `workerAnswerMs`.
 */
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Randomness } from "@larder/service";
import type { UnixSocketListener } from "bun";
import type { Taken } from "../access/login-throttle.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { type LineEvents, type LineSocket, lineSocketHandlers } from "./line-socket.ts";
import { WorkerLink } from "./worker-link.ts";
import { parseMessage, type WorkerAnswers, type WorkerMessage, type WorkerQuestion } from "./worker-messages.ts";

/** This worker's side: what the others get to know. */
export interface WorkerHost {
  cacheIds(): Iterable<string>;
  clientsOf(cacheId: string): number;
  ports(): number[];
  answer(question: WorkerQuestion): WorkerAnswers[WorkerQuestion["kind"]];
  /** At another worker. */
  onFailedLogins(taken: readonly Taken[]): void;
  /** Another worker came, went, or opened or closed a port. */
  onWorkersChanged(): void;
}

export interface WorkerBusOptions {
  socketDirectory: string;
  /** The number of this worker, from 1, and how many there are. */
  worker: number;
  workers: number;
  clock: Clock;
  randomness: Randomness;
}

export class WorkerBus {
  readonly #options: WorkerBusOptions;
  readonly #links = new Map<number, WorkerLink>();
  /** Connections of those that listen to this one; true where one has missed something, as it did not read. */
  readonly #listening = new Map<LineSocket, boolean>();
  readonly #changed = new Set<string>();
  /** What is to be told of, by network. */
  readonly #taken = new Map<string, Taken>();
  #portsTold = "";
  #isTelling = false;
  #host: WorkerHost | null = null;
  #listener: UnixSocketListener<LineSocket> | null = null;

  constructor(options: WorkerBusOptions) {
    this.#options = options;
  }

  /** Listens, then calls the others; resolves when all that are there have told of themselves. */
  async start(host: WorkerHost): Promise<void> {
    const { worker, workers, randomness, clock } = this.#options;
    if (workers === 1) return;
    this.#host = host;
    this.#listen();
    for (let other = 1; other <= workers; other++) {
      if (other === worker) continue;
      const onChange = () => host.onWorkersChanged();
      const socketPath = this.#socketPath(other);
      const onFailedLogins = (taken: readonly Taken[]) => host.onFailedLogins(taken);
      this.#links.set(other, new WorkerLink({ socketPath, own: worker, randomness, onChange, onFailedLogins }));
    }
    const met = Promise.all([...this.#links.values()].map((link) => link.dial()));
    const late = clock.sleep(limits.workerMeetMs).then(() => "late");
    if ((await Promise.race([met, late])) === "late") counters.larder_gateway_worker_meetings_late_total++;
  }

  stop(): void {
    for (const link of this.#links.values()) link.stop();
    for (const lines of [...this.#listening.keys()]) lines.close();
    if (this.#listener === null) return;
    this.#listener.stop(true);
    rmSync(this.#socketPath(this.#options.worker), { force: true });
  }

  /** None is there to be asked. */
  get isAlone(): boolean {
    for (const link of this.#links.values()) if (link.isThere) return false;
    return true;
  }

  /** Whether this worker is one of several, wherever the others are now. */
  get isOneOfMany(): boolean {
    return this.#options.workers > 1;
  }

  clientsElsewhere(cacheId: string): number {
    let sum = 0;
    for (const link of this.#links.values()) sum += link.clients.get(cacheId) ?? 0;
    return sum;
  }

  isHeldElsewhere(port: number): boolean {
    for (const link of this.#links.values()) if (link.ports.has(port)) return true;
    return false;
  }

  /** The answers of those that are there and answer in time. */
  async ask<Q extends WorkerQuestion>(question: Q): Promise<WorkerAnswers[Q["kind"]][]> {
    const there = [...this.#links.values()].filter((link) => link.isThere);
    const answers = await Promise.all(there.map((link) => link.ask(question)));
    return answers.filter((answer) => answer !== null) as WorkerAnswers[Q["kind"]][];
  }

  /** The number of the cache's clients here has changed. */
  clientsChanged(cacheId: string): void {
    this.#changed.add(cacheId);
    this.#tellSoon();
  }

  /** Something was taken from the allowance of an address. */
  failedLogins({ network, failures, turns }: Taken): void {
    if (this.#listening.size === 0) return;
    const before = this.#taken.get(network);
    this.#taken.set(network, {
      network,
      failures: failures + (before?.failures ?? 0),
      turns: turns + (before?.turns ?? 0),
    });
    this.#tellSoon();
  }

  /** This worker may have opened or closed ports. */
  portsChanged(): void {
    this.#tellSoon();
  }

  #socketPath(worker: number): string {
    return join(this.#options.socketDirectory, `gateway-${worker}.sock`);
  }

  /** Takes the place of a socket that a killed worker left. */
  #listen(): void {
    const path = this.#socketPath(this.#options.worker);
    rmSync(path, { force: true });
    this.#listener = Bun.listen<LineSocket>({
      unix: path,
      socket: lineSocketHandlers((lines) => this.#onCalled(lines)),
    });
    chmodSync(path, 0o600);
  }

  #onCalled(lines: LineSocket): LineEvents {
    this.#listening.set(lines, false);
    this.#tellAll(lines);
    return {
      onLine: (line) => {
        const message = parseMessage(line);
        if (message === null) lines.close();
        else this.#take(lines, message);
      },
      onDrained: () => {
        if (this.#listening.get(lines)) this.#tellAll(lines);
      },
      onClosed: () => void this.#listening.delete(lines),
    };
  }

  #take(lines: LineSocket, message: WorkerMessage): void {
    if ("hello" in message) void this.#links.get(message.hello)?.dial();
    if (!("ask" in message)) return;
    const value = this.#host?.answer(message.question) ?? null;
    lines.send(JSON.stringify({ answer: message.ask, value } satisfies WorkerMessage));
  }

  #tellSoon(): void {
    if (this.#isTelling || this.#listening.size === 0) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      this.#tellChanges();
    });
  }

  #tellChanges(): void {
    const messages: WorkerMessage[] = [];
    if (this.#changed.size > 0) messages.push({ clients: this.#counts(this.#changed), areAll: false });
    if (this.#taken.size > 0) messages.push({ logins: [...this.#taken.values()] });
    this.#taken.clear();
    const ports = this.#host?.ports() ?? [];
    if (String(ports) !== this.#portsTold) messages.push({ ports });
    this.#portsTold = String(ports);
    this.#changed.clear();
    for (const lines of [...this.#listening.keys()]) {
      if (lines.isBlocked) this.#listening.set(lines, true);
      else for (const message of messages) lines.send(JSON.stringify(message));
    }
  }

  #tellAll(lines: LineSocket): void {
    this.#listening.set(lines, false);
    const clients = this.#counts(this.#host?.cacheIds() ?? []);
    lines.send(JSON.stringify({ clients, areAll: true } satisfies WorkerMessage));
    lines.send(JSON.stringify({ ports: this.#host?.ports() ?? [] } satisfies WorkerMessage));
  }

  #counts(cacheIds: Iterable<string>): Record<string, number> {
    return Object.fromEntries([...cacheIds].map((cacheId) => [cacheId, this.#host?.clientsOf(cacheId) ?? 0]));
  }
}
