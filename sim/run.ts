/** One run of one seed: a service begins, is disturbed, is left alone, and has to come to rest. */
import { Chance } from "./chance.ts";
import { primaryOf, unconverged } from "./convergence.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { beginFault, describeFault, type Fault } from "./faults.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import { World } from "./world.ts";

export interface RunResult {
  seed: number;
  /** What was violated; none: all is well. */
  failures: string[];
  /** What is only counted, by name. */
  counts: Record<string, number>;
  /** Of each planned move, where nothing went wrong. */
  holdsMs: number[];
}

export interface RunOptions {
  trace?: (atMs: number, who: string, what: string) => void;
}

const restMsMax = 60_000;
const lookEveryMs = 500;
/** After it has come to rest, every write must succeed for so long. */
const soundMs = 1_500;
const quietMs = 1_500;
const resumesMs: Partial<Record<Fault["kind"], number>> = {
  "engine killed": 1_000,
  "primary killed": 1_000,
  "agent killed": 500,
  "controller killed": 500,
  "host frozen": 3_000,
};

export async function runSeed(seed: number, { trace = () => {} }: RunOptions = {}): Promise<RunResult> {
  const chance = new Chance(seed);
  const scenario = drawScenario(chance);
  const world = new World(scenario, chance, trace);
  for (const fault of scenario.faults) trace(0, "fault", describeFault(fault));
  const { faults: _, ...shape } = scenario;
  trace(0, "scenario", JSON.stringify(shape));
  await new Run(scenario, world).go();
  return {
    seed,
    failures: world.watch.failures,
    counts: countsOf(scenario, world),
    holdsMs: scenario.faults.length === 0 ? world.watch.holdsMs : [],
  };
}

class Run {
  readonly #scenario: Scenario;
  readonly #world: World;

  constructor(scenario: Scenario, world: World) {
    this.#scenario = scenario;
    this.#world = world;
  }

  async go(): Promise<void> {
    const { watch, clients } = this.#world;
    this.#world.start();
    this.#plan();
    await this.#rest();
    if (watch.failures.length > 0) return;
    const from = watch.writes.length;
    await this.#pass(soundMs);
    const trouble = watch.writes.slice(from).find(({ outcome }) => outcome !== null && outcome !== "acknowledged");
    if (trouble !== undefined) watch.fail(`write ${trouble.id} after all has come to rest: ${trouble.outcome}`);
    for (const client of clients) client.stop();
    await this.#pass(quietMs);
    const primary = primaryOf(this.#world);
    if (primary === undefined) return watch.fail("the primary went without a reason");
    this.#lookAtEnd(primary);
  }

  #plan(): void {
    const { clock, trace } = this.#world;
    for (const { atMs, wish } of this.#scenario.wishes) clock.after(atMs, () => this.#world.operator.ask(wish));
    for (const fault of this.#scenario.faults) {
      clock.after(fault.atMs, () => {
        trace("fault", `begins: ${fault.kind}`);
        const end = beginFault(fault, this.#world);
        clock.after(fault.lastsMs, () => {
          trace("fault", `ends: ${fault.kind}`);
          end();
        });
      });
    }
  }

  /** Until there is nothing more to come and all is as it should be. */
  async #rest(): Promise<void> {
    const { clock, watch } = this.#world;
    const disturbances = [
      ...this.#scenario.faults.map(({ atMs, lastsMs }) => atMs + lastsMs),
      ...this.#scenario.wishes.map(({ atMs }) => atMs),
    ];
    await this.#pass(Math.max(lookEveryMs, ...disturbances) + lookEveryMs);
    const untilMs = clock.monotonicMs() + restMsMax;
    while (watch.failures.length === 0 && unconverged(this.#world) !== undefined) {
      if (clock.monotonicMs() > untilMs) return watch.fail(`not at rest: ${unconverged(this.#world)}`);
      await this.#pass(lookEveryMs);
    }
  }

  async #pass(ms: number): Promise<void> {
    const { clock, watch } = this.#world;
    await clock.runUntil(clock.monotonicMs() + ms, () => {
      watch.look();
      return watch.failures.length === 0;
    });
  }

  /** Where a gateway is on the host that stops, its clients stop with it; and a durable write needs a second engine. */
  #lookAtSilence(): void {
    const { faults, wishes, gateways, isDurable } = this.#scenario;
    const [fault] = faults;
    const isAlone = faults.length === 1 && wishes.length === 0 && !isDurable;
    if (fault === undefined || !isAlone || gateways.some((name) => name.startsWith("host"))) return;
    const limitMs = resumesMs[fault.kind];
    const { longestSilenceMs } = this.#world.watch;
    if (limitMs !== undefined && longestSilenceMs > limitMs)
      this.#world.watch.fail(`${fault.kind}: no write succeeded for ${Math.round(longestSilenceMs)} ms`);
  }

  #lookAtEnd(primary: FakeEngine): void {
    const { watch } = this.#world;
    watch.lookAtEnd(primary);
    for (const engine of this.#world.livingEngines())
      if (engine.stream.some((id, at) => id !== primary.stream[at]))
        watch.fail(`${engine.runId} has other data than ${primary.runId}`);
    this.#lookAtSilence();
    if (this.#scenario.faults.length > 0) return;
    const trouble = watch.writes.find(({ outcome }) => outcome !== null && outcome !== "acknowledged");
    if (trouble !== undefined) watch.fail(`write ${trouble.id}, with planned moves only: ${trouble.outcome}`);
    const [lost] = watch.lost(primary).passedOver;
    if (lost !== undefined) watch.fail(`write ${lost.id} was lost, with planned moves only`);
  }
}

function countsOf({ faults }: Scenario, world: World): Record<string, number> {
  const { writes, excused } = world.watch;
  const counts: Record<string, number> = {
    faults: faults.length,
    "operator's wishes": world.operator.asked,
    "wishes refused": world.operator.refused,
  };
  for (const { outcome } of writes)
    if (outcome !== null) counts[`writes ${outcome}`] = (counts[`writes ${outcome}`] ?? 0) + 1;
  const primary = primaryOf(world);
  const lost = primary === undefined ? undefined : world.watch.lost(primary);
  return {
    ...counts,
    "acknowledged writes lost with all engines that had them": lost?.withAllCopies.length ?? 0,
    "acknowledged writes lost by a failover": lost?.passedOver.length ?? 0,
    ...Object.fromEntries(Object.entries(excused).map(([why, count]) => [`writes on an older primary ${why}`, count])),
    "restorations from a disk": world.watch.restored,
    "leaders' epochs": world.cache.leader?.epoch ?? 0,
  };
}
