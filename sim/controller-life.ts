/**
 * One life of the controller: the real Observations, Published and Reconciler over the store that outlives it. What it
 * serves on its socket (internal-server.ts) is modelled. When it dies nothing of it goes on: its clock and its disk wait
 * for ever, wherever it was.
 */
import {
  type AgentAnswer,
  type AgentReport,
  agentLimits,
  type CacheId,
  type GatewayReport,
  gatewayLimits,
} from "@larder/api";
import type { Log } from "@larder/service";
import { AdmissionLock } from "../packages/controller/caches/admission-lock.ts";
import type { LatestDocument } from "../packages/controller/reconcile/latest-document.ts";
import { Observations } from "../packages/controller/reconcile/observations.ts";
import { Published } from "../packages/controller/reconcile/published.ts";
import { Reconciler } from "../packages/controller/reconcile/reconciler.ts";
import type { Store } from "../packages/controller/store/store.ts";
import { MemoryStore } from "./memory-store.ts";
import type { Pipe } from "./network.ts";
import { type Machine, Process } from "./process.ts";
import type { World } from "./world.ts";

const readMs = [0, 0.3] as const;
const writeMs = [0.3, 3] as const;

export class ControllerLife {
  readonly process: Process;
  readonly store: Store;
  isReady = false;
  readonly #world: World;
  readonly #observations: Observations;
  readonly #published: Published;
  readonly #reconciler: Reconciler;

  constructor(machine: Machine, world: World) {
    this.process = new Process(machine);
    this.#world = world;
    this.store = new MemoryStore(world.disk, (what) => this.#waitForDisk(what));
    this.#observations = new Observations(this.process);
    this.#published = new Published(this.store, "larder.localhost");
    this.#reconciler = new Reconciler({
      store: this.store,
      observations: this.#observations,
      published: this.#published,
      admission: new AdmissionLock(),
      portsReserved: [],
      clock: this.process,
      randomness: world.chance,
      log: this.#log(),
    });
  }

  async start(): Promise<void> {
    await this.#reconciler.start();
    this.isReady = true;
  }

  // ── what is said on its socket ─────────────────────────────────────────────────────────────────────────────────────

  watchAgent(hostId: string, pipe: Pipe, say: (line: string) => void): void {
    if (!this.isReady) return pipe.close(this.process);
    const onEnd = this.#observations.agentConnected(hostId);
    void this.#stream(this.#published.desired(hostId), { pipe, say, onEnd, keepAliveMs: agentLimits.keepAliveMs });
  }

  watchGateway(worker: string, pipe: Pipe, say: (line: string) => void): void {
    if (!this.isReady) return pipe.close(this.process);
    const onEnd = this.#observations.gatewayConnected(worker);
    void this.#stream(this.#published.routes, { pipe, say, onEnd, keepAliveMs: gatewayLimits.keepAliveMs });
  }

  agentReported(report: AgentReport): void {
    this.#observations.agentReported(report);
  }

  gatewayReported(report: GatewayReport): void {
    this.#observations.gatewayReported(report);
  }

  agentAnswered(answer: AgentAnswer): void {
    this.#world.trace("controller", `has an answer that nobody waits for: ${JSON.stringify(answer)}`);
  }

  async #stream<T>(
    document: LatestDocument<T>,
    to: { pipe: Pipe; say: (line: string) => void; onEnd: () => void; keepAliveMs: number },
  ): Promise<void> {
    const ended = new AbortController();
    to.pipe.onClose(this.process, () => {
      ended.abort();
      to.onEnd();
    });
    let sent: T | undefined;
    while (!ended.signal.aborted) {
      const idle = new AbortController();
      const signal = AbortSignal.any([ended.signal, idle.signal]);
      void this.process.sleep(to.keepAliveMs, signal).then(() => idle.abort());
      await document.changedFrom(sent, signal);
      idle.abort();
      const line = document.current === sent ? "" : JSON.stringify(document.current);
      sent = document.current;
      to.pipe.send(this.process, () => to.say(line));
    }
  }

  async #waitForDisk(what: "read" | "write" | "written"): Promise<void> {
    const { chance, slowDiskMs } = this.#world;
    const [from, to] = what === "read" ? readMs : writeMs;
    const ms = chance.between(from, to) + (what === "write" ? slowDiskMs * chance.fraction() : 0);
    await this.process.sleep(ms);
  }

  #log(): Log {
    const world = this.#world;
    const tell = (fields: { cacheId?: CacheId; action?: string; err?: unknown }, message: string) => {
      const { action, err } = fields;
      const error = err instanceof Error ? (err.stack ?? err.message) : err;
      world.trace("controller", [message, action, error].filter((each) => each !== undefined).join(" "));
    };
    const fail = (fields: { err?: unknown }, message: string) => {
      tell(fields, message);
      world.watch.fail(`the controller: ${message}: ${String(fields.err)}`);
    };
    return { trace: tell, debug: tell, info: tell, warn: fail, error: fail, fatal: fail } as unknown as Log;
  }
}
