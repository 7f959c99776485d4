/**
 * Mixed load on a service whose engine and clients are killed at random: no reply to a wrong client, order kept, nothing
 * acknowledged lost, errors only with a reason, nothing leaked, memory flat. The seed decides what is done and in which
 * order of draws; when, the machines decide, so a replay is alike and not the same.
 */

import { type GatewayProcesses, startGatewayProcesses } from "../fixture/gateway-processes.ts";
import { accessKey } from "../fixture/route.ts";
import { randomFrom } from "../fixture/seed.ts";
import { until } from "../fixture/until.ts";
import { killClients, killEngines } from "./disturbances.ts";
import { Ledger } from "./ledger.ts";
import { Gate, type Load } from "./load.ts";
import { cacheAside } from "./loads/cache-aside.ts";
import { contest } from "./loads/contest.ts";
import { counter } from "./loads/counter.ts";
import { largeValue } from "./loads/large-value.ts";
import { publishing } from "./loads/publishing.ts";
import { queue } from "./loads/queue.ts";
import { script } from "./loads/script.ts";
import { transaction } from "./loads/transaction.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { findUnquiet } from "./quiet-check.ts";
import { Session } from "./session.ts";
import { Trouble } from "./trouble.ts";

export interface ChaosOptions {
  seed: number;
  durationMs: number;
  workers: number;
  /** Commands a second, about. */
  rate: number;
  engineKillEveryMs: number;
  clientKillEveryMs: number;
  quietEveryMs: number;
}

export interface ChaosResult {
  ledger: Ledger;
  memory: string[];
}

/** How many of each, and how much slower than the others it goes. */
const mix: readonly { load: Load; name: string; count: number; slower: number }[] = [
  { load: cacheAside, name: "cache-aside", count: 3, slower: 1 },
  { load: counter, name: "counter", count: 3, slower: 1 },
  { load: queue, name: "queue", count: 2, slower: 1 },
  { load: transaction, name: "transaction", count: 2, slower: 1 },
  { load: contest, name: "contest", count: 2, slower: 1 },
  { load: script, name: "script", count: 2, slower: 1 },
  { load: publishing, name: "publishing", count: 2, slower: 1 },
  { load: largeValue, name: "large-value", count: 1, slower: 15 },
];
const commandsPerTurn = 7;
/** Each worker has the pattern and the channel of both publishing loads. */
const subscriptionsMax = 4;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const service = await startGatewayProcesses(options.workers);
  try {
    return await new ChaosRun(service, options).run();
  } finally {
    await service.stop();
  }
}

class ChaosRun {
  readonly #service: GatewayProcesses;
  readonly #options: ChaosOptions;
  readonly #ledger = new Ledger();
  readonly #trouble = new Trouble();
  readonly #gate = new Gate();
  readonly #sessions: Session[] = [];
  readonly #random: (below: number) => number;

  constructor(service: GatewayProcesses, options: ChaosOptions) {
    this.#service = service;
    this.#options = options;
    this.#random = randomFrom(options.seed);
  }

  async run(): Promise<ChaosResult> {
    const { durationMs, quietEveryMs } = this.#options;
    const endMs = performance.now() + durationMs;
    const memory = new MemoryWatch(this.#service.workers);
    memory.start();
    const loads = this.#startLoads();
    const disturbing = this.#startDisturbances();
    while (performance.now() < endMs && this.#ledger.violations.length < 10) {
      await Bun.sleep(Math.min(quietEveryMs, Math.max(0, endMs - performance.now())));
      await this.#expectQuiet();
      if (!this.#service.workers.every((worker) => worker.isAlive())) {
        this.#ledger.violation("a worker", "has ended");
        break;
      }
    }
    this.#gate.isOver = true;
    await Promise.all([...loads, ...disturbing]);
    for (const session of this.#sessions) session.kill();
    await this.#report("at the end", { clientsMax: 0, subscriptionsMax: 0 });
    memory.stop();
    const results = memory.results();
    for (const { line, isFlat } of results) if (!isFlat) this.#ledger.violation("memory", line);
    return { ledger: this.#ledger, memory: results.map(({ line }) => line) };
  }

  #startLoads(): Promise<void>[] {
    const count = mix.reduce((sum, each) => sum + each.count, 0);
    const turnMs = (1000 * count * commandsPerTurn) / this.#options.rate;
    return mix.flatMap(({ load, name, count, slower }) =>
      Array.from({ length: count }, (_, index) => this.#start(load, `${name}-${index}`, turnMs * slower)),
    );
  }

  async #start(load: Load, name: string, turnMs: number): Promise<void> {
    const random = randomFrom(this.#random(2 ** 31));
    this.#gate.enter();
    try {
      await load({
        name,
        random,
        ledger: this.#ledger,
        openSession: () => this.#openSession(name, random),
        turn: () => this.#gate.turn(turnMs * (0.5 + random(1000) / 1000)),
      });
    } catch (error) {
      this.#ledger.violation(name, `it failed: ${(error as Error).stack}`);
    }
    this.#gate.leave();
  }

  #openSession(name: string, random: (below: number) => number): Session {
    const { addresses } = this.#service;
    const session = new Session({
      name: `${name}/${this.#sessions.length}`,
      addresses,
      password: accessKey,
      random,
      ledger: this.#ledger,
      trouble: this.#trouble,
    });
    this.#sessions.push(session);
    return session;
  }

  #startDisturbances(): Promise<void>[] {
    const options = {
      ...this.#options,
      service: this.#service,
      sessions: this.#sessions,
      ledger: this.#ledger,
      trouble: this.#trouble,
      random: randomFrom(this.#random(2 ** 31)),
      isOver: () => this.#gate.isOver,
      isPaused: () => !this.#gate.isOpen,
    };
    return [killClients(options), killEngines(options)];
  }

  async #expectQuiet(): Promise<void> {
    this.#gate.close();
    await until(
      "the loads rest, with the engine there",
      () => this.#gate.allWait && !this.#trouble.isNow,
      60_000,
    ).catch((error: Error) => this.#ledger.violation("the loads", error.message));
    await this.#report("in between", { clientsMax: this.#sessions.length, subscriptionsMax });
    this.#gate.open();
  }

  async #report(when: string, expected: Parameters<typeof findUnquiet>[1]): Promise<void> {
    const found = await findUnquiet(this.#service, expected).catch((error: Error) => error.message);
    if (found !== "") this.#ledger.violation(when, found);
  }
}
