/**
 * The three daemons of one service, in order: the controller before those that watch it, and last to go.
 *
 * It knows processes only. What a cache is, and when the service as a whole is ready, is `service.ts`.
 */
import type { ConnectionFile } from "@larder/api/connection-file";
import type { Clock } from "../clock.ts";
import { Daemon, type DaemonEvents } from "./daemon.ts";
import type { DaemonName, DaemonPlan } from "./daemon-plan.ts";
import type { SpawnDaemon } from "./daemon-process.ts";

export class Supervisor {
  readonly #daemons: Record<DaemonName, Daemon>;

  constructor(
    plans: Record<DaemonName, DaemonPlan>,
    parts: { spawn: SpawnDaemon; clock: Clock; events: DaemonEvents },
  ) {
    this.#daemons = {
      controller: new Daemon(plans.controller, parts),
      agent: new Daemon(plans.agent, parts),
      gateway: new Daemon(plans.gateway, parts),
    };
  }

  /** Rejects with the first failure; the rest runs on until `stop()`. */
  async start(): Promise<void> {
    const { controller, agent, gateway } = this.#daemons;
    await controller.start();
    await Promise.all([agent.start(), gateway.start()]);
  }

  /**
   * No client is left when the engines end, and no daemon watches a controller that is gone. An agent that is down just
   * then is started once more, as only it can end the engines.
   */
  async stop(): Promise<void> {
    const { controller, agent, gateway } = this.#daemons;
    await gateway.stop();
    agent.hurry();
    await agent.stop();
    await controller.stop();
  }

  kill(): void {
    for (const daemon of Object.values(this.#daemons)) daemon.kill();
  }

  pids(): ConnectionFile["pids"] {
    const of = ({ pid }: Daemon) => (pid === undefined ? [] : [pid]);
    const { controller, agent, gateway } = this.#daemons;
    return { controller: of(controller), agent: of(agent), gateway: of(gateway) };
  }
}
