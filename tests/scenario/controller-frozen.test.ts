/** A controller that stood still believes no report that waited for it meanwhile, and asks anew. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { agentLimits } from "@larder/api";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

let service: TestService;

beforeAll(async () => {
  service = await startService();
}, 60_000);
afterAll(() => service?.stop(), 30_000);

async function metric(name: string): Promise<number> {
  const { api, token, ca } = service.connection;
  const headers = { authorization: `Bearer ${token}` };
  const text = await (await fetch(`${api}/metrics`, { headers, tls: { ca: readFileSync(ca, "utf8") } })).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
}

test("reports from before are not taken, and the agent is heard at once again", async () => {
  await until("the agent is heard", async () => (await metric("larder_agents_connected")) === 1);
  const controller = service.pids().controller[0] as number;
  const tooOld = () => metric("larder_agent_reports_too_old_total");
  for (let round = 1; round <= 2; round++) {
    const before = await tooOld();
    process.kill(controller, "SIGSTOP");
    // Longer than what was heard before counts for.
    await Bun.sleep(agentLimits.lostMs + 100);
    process.kill(controller, "SIGCONT");
    await until("a report came too late", async () => (await tooOld()) > before);
    await until("the agent is heard again", async () => (await metric("larder_agents_connected")) === 1);
  }
  expect(service.pids().controller).toEqual([controller]);
}, 30_000);
