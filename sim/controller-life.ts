/**
 * One life of the controller: the real Observations, Published and Reconciler over the store that outlives it. What it
 * serves on its socket (internal-server.ts) is modelled. When it dies nothing of it goes on: its clock and its disk wait
 * for ever, wherever it was.
 */
import {
  type AgentAnswer,
  type AgentReport,
  agentLimits,
  type GatewayReport,
  gatewayLimits,
  type ReportAnswer,
} from "@larder/api";
import type { Log } from "@larder/service";
import { AdmissionLock } from "../packages/controller/caches/admission-lock.ts";
import { Hosts } from "../packages/controller/hosts/hosts.ts";
import { Orders } from "../packages/controller/orders/orders.ts";
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

interface StreamEnd {
  pipe: Pipe;
  hear: (line: string) => void;
  onEnd: () => void;
  keepAliveMs: number;
}

export class ControllerLife {
  readonly process: Process;
  readonly store: Store;
  isReady = false;
  readonly #world: World;
  readonly observations: Observations;
  readonly hosts: Hosts;
  readonly #published: Published;
  readonly #orders: Orders;
  readonly #reconciler: Reconciler;

  constructor(machine: Machine, world: World) {
    this.process = new Process(machine);
    this.#world = world;
    this.store = new MemoryStore(world.disk, (what) => this.#waitForDisk(what));
    this.observations = new Observations(this.process);
    this.#published = new Published(this.store, "larder.localhost");
    this.#orders = new Orders({ clock: this.process, randomness: world.chance });
    this.hosts = new Hosts({ store: this.store, clock: this.process });
    this.#reconciler = new Reconciler({
      store: this.store,
      observations: this.observations,
      published: this.#published,
      admission: new AdmissionLock(),
      orders: this.#orders,
      hosts: this.hosts,
      // What is announced changes nothing.
      announcer: { committed() {}, lookAhead() {} },
      portsReserved: [],
      clock: this.process,
      randomness: world.chance,
      log: this.#log(),
    });
  }

  async start(): Promise<void> {
    await this.hosts.start();
    await this.#reconciler.start();
    this.isReady = true;
  }

  // ── what is said on its socket ─────────────────────────────────────────────────────────────────────────────────────

  watchAgent(hostId: string, pipe: Pipe, hear: (line: string) => void): void {
    if (!this.isReady) return pipe.close(this.process);
    const ends = [this.observations.agentConnected(hostId)];
    const onEnd = () => {
      for (const end of ends) end();
    };
    const { keepAliveMs } = agentLimits;
    const say = this.#stream(this.#published.desired(hostId), { pipe, hear, onEnd, keepAliveMs });
    ends.push(
      this.#orders.opened(hostId, (message) => {
        if ("order" in message)
          this.#world.trace("controller", `orders ${message.order.nodeId}: ${message.order.kind}`);
        say(message);
      }),
    );
  }

  watchGateway(worker: string, pipe: Pipe, hear: (line: string) => void): void {
    if (!this.isReady) return pipe.close(this.process);
    const onEnd = this.observations.gatewayConnected(worker);
    this.#stream(this.#published.routes, { pipe, hear, onEnd, keepAliveMs: gatewayLimits.keepAliveMs });
  }

  agentReported(report: AgentReport): ReportAnswer {
    const taken = this.observations.agentReported(report);
    return { ...taken, revision: this.#published.desired(report.hostId).current?.revision ?? 0 };
  }

  gatewayReported(report: GatewayReport): void {
    this.observations.gatewayReported(report);
  }

  agentAnswered(answer: AgentAnswer): void {
    this.#orders.answered(answer);
  }

  /** As documentStream, with `say` for what is said beside the document. */
  #stream<T>(document: LatestDocument<T>, to: StreamEnd): (message: object) => void {
    const ended = new AbortController();
    to.pipe.onClose(this.process, () => {
      ended.abort();
      to.onEnd();
    });
    let sent: T | undefined;
    const send = (message: unknown) => {
      const line = message === undefined ? "" : JSON.stringify(message);
      to.pipe.send(this.process, () => to.hear(line));
    };
    const sendNewest = () => {
      if (document.current === sent) return false;
      sent = document.current;
      send(sent);
      return true;
    };
    const follow = async () => {
      while (!ended.signal.aborted) {
        const idle = new AbortController();
        const signal = AbortSignal.any([ended.signal, idle.signal]);
        void this.process.sleep(to.keepAliveMs, signal).then(() => idle.abort());
        await document.changedFrom(sent, signal);
        idle.abort();
        if (!sendNewest()) send(undefined);
      }
    };
    void follow();
    return (message) => {
      sendNewest();
      send(message);
    };
  }

  async #waitForDisk(what: "read" | "write" | "written"): Promise<void> {
    const { chance, slowDiskMs } = this.#world;
    const [from, to] = what === "read" ? readMs : writeMs;
    const ms = chance.between(from, to) + (what === "write" ? slowDiskMs * chance.fraction() : 0);
    await this.process.sleep(ms);
  }

  #log(): Log {
    const world = this.#world;
    const tell = (fields: { action?: string; problem?: string; err?: unknown }, message: string) => {
      const { action, problem, err } = fields;
      const error = err instanceof Error ? (err.stack ?? err.message) : err;
      world.trace("controller", [message, action, problem, error].filter((each) => each !== undefined).join(" "));
    };
    const fail = (fields: { err?: unknown }, message: string) => {
      tell(fields, message);
      world.watch.fail(`the controller: ${message}: ${String(fields.err)}`);
    };
    return { trace: tell, debug: tell, info: tell, warn: fail, error: fail, fatal: fail } as unknown as Log;
  }
}
