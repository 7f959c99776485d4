/** Where the system may run a gateway's and an engine's main threads. */
import { afterEach, describe, expect, test } from "bun:test";
import { allowCpus, allowedCpus } from "../../packages/gateway/cpu/affinity.ts";
import { type GatewayProcesses, startGatewayProcesses } from "../fixture/gateway-processes.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

const all = allowedCpus(process.pid) ?? [];

let service: GatewayProcesses | undefined;

afterEach(async () => {
  await service?.stop();
  service = undefined;
});

describe.skipIf(!hasValkey || all.length < 2)("CPU placement", () => {
  test("a lone worker shares a CPU with its engine, and leaves the engine free", async () => {
    service = await startGatewayProcesses(1);
    const { engine, workers } = service;
    const [worker] = workers;
    if (worker === undefined) throw new Error("no worker");
    await until("both may run on the same CPU only", () => {
      const cpus = allowedCpus(engine.pid);
      return cpus?.length === 1 && allowedCpus(worker.pid)?.join() === cpus.join();
    });
    await until("it is reported", () => worker.report()?.metrics.larder_gateway_cpu_shared === 1);
    process.kill(worker.pid);
    await until("the worker has ended", () => !worker.isAlive());
    expect(allowedCpus(engine.pid)).toEqual(all);
  });

  test("with two workers an engine is free, even if a worker before them had it beside itself", async () => {
    service = await startGatewayProcesses(2);
    const { engine, workers } = service;
    expect(allowCpus(engine.pid, all.slice(0, 1))).toBe(true);
    await until("the engine may run anywhere", () => allowedCpus(engine.pid)?.length === all.length);
    for (const { pid } of workers) expect(allowedCpus(pid)).toEqual(all);
  });
});
