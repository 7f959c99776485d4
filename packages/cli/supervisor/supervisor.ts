/**
 * The daemons of one service, in order: the controller before those that watch it, and last to go. Of agents and of the
 * gateway there may be several; each is restarted by itself.
 *
 * It knows processes only. What a cache is, and when the service as a whole is ready, is `service.ts`.
 */
import type { ConnectionFile } from "@larder/api/connection-file";
import type { Clock } from "../clock.ts";
import { Daemon, type DaemonEvents } from "./daemon.ts";
import type { DaemonPlan, ServicePlan } from "./daemon-plan.ts";
import type { SpawnDaemon } from "./daemon-process.ts";

export class Supervisor {
  readonly #controller: Daemon;
  readonly #agents: Daemon[];
  readonly #gateways: Daemon[];

  constructor(plan: ServicePlan, parts: { spawn: SpawnDaemon; clock: Clock; events: DaemonEvents }) {
    const daemonOf = (each: DaemonPlan) => new Daemon(each, parts);
    this.#controller = daemonOf(plan.controller);
    this.#agents = plan.agents.map(daemonOf);
    this.#gateways = plan.gateways.map(daemonOf);
  }

  /** `admit` runs once the controller is there. Rejects with the first failure; the rest runs on until `stop()`. */
  async start(admit: () => Promise<void>): Promise<void> {
    await this.#controller.start();
    await admit();
    await Promise.all([...this.#agents, ...this.#gateways].map((daemon) => daemon.start()));
  }

  /**
   * No client is left when the engines end, and no daemon watches a controller that is gone. An agent that is down just
   * then is started once more, as only it can end the engines.
   */
  async stop(): Promise<void> {
    await Promise.all(this.#gateways.map((gateway) => gateway.stop()));
    for (const agent of this.#agents) agent.hurry();
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    await this.#controller.stop();
  }

  kill(): void {
    for (const daemon of [this.#controller, ...this.#agents, ...this.#gateways]) daemon.kill();
  }

  pids(): ConnectionFile["pids"] {
    const of = (daemons: Daemon[]) => daemons.flatMap(({ pid }) => pid ?? []);
    return { controller: of([this.#controller]), agent: of(this.#agents), gateway: of(this.#gateways) };
  }
}
