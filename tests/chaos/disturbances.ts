/** Kills the engine now and then, and clients all the time. */

import type { GatewayProcesses } from "../fixture/gateway-processes.ts";
import { until } from "../fixture/until.ts";
import { EngineView } from "../gateway/engine-view.ts";
import type { Ledger } from "./ledger.ts";
import type { Session } from "./session.ts";
import type { Trouble } from "./trouble.ts";

export interface DisturbanceOptions {
  service: GatewayProcesses;
  sessions: readonly Session[];
  ledger: Ledger;
  trouble: Trouble;
  random(below: number): number;
  engineKillEveryMs: number;
  clientKillEveryMs: number;
  isOver(): boolean;
  /** While the run looks whether all is quiet, it is. */
  isPaused(): boolean;
}

/** One absence in so many is longer than commands are held for. */
const longOneIn = 8;
const longMs = 6_000;

export async function killClients(options: DisturbanceOptions): Promise<void> {
  const { sessions, ledger, random, clientKillEveryMs, isOver, isPaused } = options;
  while (!isOver()) {
    await Bun.sleep(random(clientKillEveryMs * 2));
    const session = sessions[random(sessions.length)];
    if (session === undefined || session.isEnded || isPaused()) continue;
    session.kill();
    ledger.count("clients killed");
  }
}

export async function killEngines(options: DisturbanceOptions): Promise<void> {
  const { service, ledger, trouble, random, engineKillEveryMs, isOver, isPaused } = options;
  const wait = async () => {
    const untilMs = performance.now() + engineKillEveryMs * (0.5 + random(1000) / 1000);
    while (performance.now() < untilMs && !isOver()) await Bun.sleep(50);
  };
  for (await wait(); !isOver(); await wait()) {
    if (isPaused()) continue;
    trouble.begin();
    await service.engine.kill();
    ledger.count("engines killed");
    await Bun.sleep(random(longOneIn) === 0 ? longMs : random(600));
    await service.engine.restart();
    await untilItAnswers(service);
    trouble.end();
  }
}

/** It listens while it still reads what it had kept. */
async function untilItAnswers({ engine }: GatewayProcesses): Promise<void> {
  await until(
    "the engine answers",
    async () => {
      const view = await EngineView.open(engine);
      view.close();
      return true;
    },
    60_000,
  );
}
