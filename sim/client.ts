/** A client: one write after another through a gateway, and what became of each. */
import type { Execution } from "./invariants.ts";
import type { World } from "./world.ts";

/**
 * acknowledged    the client was told that it is done
 * unknown         it may have run
 * not replicated  it ran, and too few replicas said in time that they have it
 * unavailable     it did not run
 * else            the engine's error: it did not run
 */
export class Write {
  readonly id: number;
  readonly #onEnd: (write: Write) => void;
  outcome: string | null = null;
  isDurable = false;
  /** Of the engine that answered it. */
  execution: Execution | null = null;

  constructor(id: number, onEnd: (write: Write) => void) {
    this.id = id;
    this.#onEnd = onEnd;
  }

  end(outcome: string): void {
    if (this.outcome !== null) return;
    this.outcome = outcome;
    this.#onEnd(this);
  }
}

const thinkMs = [2, 60] as const;
const reconnectMs = 50;

export class Client {
  readonly #world: World;
  #isStopped = false;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    this.#next(thinkMs[1]);
  }

  stop(): void {
    this.#isStopped = true;
  }

  #next(afterMs: number): void {
    this.#world.clock.after(afterMs, () => {
      if (!this.#isStopped) this.#write();
    });
  }

  #write(): void {
    const { chance, watch, livingGateways, isCreated } = this.#world;
    if (livingGateways.length === 0 || !isCreated) return this.#next(reconnectMs);
    const gateway = chance.oneOf(livingGateways);
    const write = watch.newWrite(() => this.#next(chance.between(...thinkMs)));
    gateway.process.onEnd(() => write.end("unknown"));
    gateway.process.run(() => gateway.write(write));
  }
}
