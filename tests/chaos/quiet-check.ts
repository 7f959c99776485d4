/** With nothing going on, nothing may be in use: no command in flight, no connection lent, no subscription left over. */
import { gatewayLimits } from "@larder/api";
import type { GatewayProcesses } from "../fixture/gateway-processes.ts";
import { EngineView } from "../gateway/engine-view.ts";

export interface QuietExpectation {
  /** Clients that stay connected, and channels that they stay subscribed to in each worker. */
  clientsMax: number;
  subscriptionsMax: number;
}

const settleMs = 20_000;

/** What is still in use; "" when nothing is. Waits for reports that are newer than this call. */
export async function findUnquiet(service: GatewayProcesses, expected: QuietExpectation): Promise<string> {
  await Bun.sleep(2 * gatewayLimits.reportEveryMs);
  const deadlineMs = performance.now() + settleMs;
  for (;;) {
    const found = [...unquietWorkers(service, expected), ...(await unquietEngine(service))].join(", ");
    if (found === "" || performance.now() > deadlineMs) return found;
    await Bun.sleep(500);
  }
}

function unquietWorkers(service: GatewayProcesses, expected: QuietExpectation): string[] {
  const sum = (name: string) =>
    service.workers.reduce((total, worker) => total + (worker.report()?.metrics[name] ?? Number.NaN), 0);
  const bounds: Record<string, number> = {
    larder_gateway_connections: expected.clientsMax,
    larder_gateway_commands_in_flight: 0,
    larder_gateway_output_bytes: 0,
    larder_gateway_server_connections_lent: 0,
    larder_gateway_upstream_subscriptions: expected.subscriptionsMax * service.workers.length,
  };
  return Object.entries(bounds)
    .filter(([name, max]) => !(sum(name) <= max))
    .map(([name, max]) => `${name} is ${sum(name)} instead of ${max} at most`);
}

async function unquietEngine({ engine }: GatewayProcesses): Promise<string[]> {
  const view = await EngineView.open(engine);
  const { blocked, inTransaction } = await view.connections();
  view.close();
  return blocked + inTransaction === 0 ? [] : [`the engine has ${blocked} blocked, ${inTransaction} in a transaction`];
}
