/** The line between gateway workers, with real sockets: what each knows of the other, and what it costs when one is gone, hangs or lies. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandomness } from "@larder/service";
import type { Taken } from "../../packages/gateway/access/login-throttle.ts";
import { everybody } from "../../packages/gateway/client/client-filter.ts";
import { limits } from "../../packages/gateway/limits.ts";
import { counters } from "../../packages/gateway/metrics.ts";
import { WorkerBus, type WorkerHost } from "../../packages/gateway/workers/worker-bus.ts";
import type { WorkerQuestion } from "../../packages/gateway/workers/worker-messages.ts";
import { until } from "../fixture/until.ts";

let directory: string;
let buses: WorkerBus[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-bus-"));
  buses = [];
});
afterEach(() => {
  for (const bus of buses) bus.stop();
  rmSync(directory, { recursive: true, force: true });
});

interface Worker {
  bus: WorkerBus;
  clients: Map<string, number>;
  open: number[];
  changes: number;
  failed: Taken[];
}

/** A worker whose answer to everything is the id of one client: its own number. */
async function startWorker(worker: number, workers = 2): Promise<Worker> {
  const bus = new WorkerBus({
    socketDirectory: directory,
    worker,
    workers,
    clock: systemClock,
    randomness: systemRandomness,
  });
  buses.push(bus);
  const own: Worker = { bus, clients: new Map(), open: [], changes: 0, failed: [] };
  const host: WorkerHost = {
    cacheIds: () => own.clients.keys(),
    clientsOf: (cacheId) => own.clients.get(cacheId) ?? 0,
    ports: () => own.open,
    answer: () => [{ id: worker, line: `worker ${worker}` }],
    onFailedLogins: (taken) => own.failed.push(...taken),
    onWorkersChanged: () => {
      own.changes++;
    },
  };
  await bus.start(host);
  return own;
}

const question: WorkerQuestion & { kind: "list" } = { kind: "list", cacheId: "shop", filter: everybody };
const answersOf = async ({ bus }: Worker) => (await bus.ask(question)).flat().map(({ id }) => id);

test("failed log-ins are told to all others, those of one address and turn together", async () => {
  const [one, two, three] = [await startWorker(1, 3), await startWorker(2, 3), await startWorker(3, 3)];
  await until("all have met", () => [one, two, three].every(({ changes }) => changes >= 2));
  one.bus.failedLogins({ network: "10.0.0.1", failures: 1, turns: 0 });
  one.bus.failedLogins({ network: "10.0.0.1", failures: 1, turns: 1 });
  await until("they know", () => two.failed.length > 0 && three.failed.length > 0);
  expect([one.failed, two.failed, three.failed]).toEqual([
    [],
    [{ network: "10.0.0.1", failures: 2, turns: 1 }],
    [{ network: "10.0.0.1", failures: 2, turns: 1 }],
  ]);
});

test("a worker by itself has nobody to ask and no socket", async () => {
  const only = await startWorker(1, 1);
  expect([only.bus.isAlone, only.bus.isOneOfMany]).toEqual([true, false]);
  expect(await answersOf(only)).toEqual([]);
  expect(existsSync(join(directory, "gateway-1.sock"))).toBeFalse();
});

test("one that starts knows of those that are there before it goes on, and they of it soon", async () => {
  const one = await startWorker(1);
  one.clients.set("shop", 3);
  one.open.push(6380);
  const two = await startWorker(2);
  expect([two.bus.isAlone, two.bus.clientsElsewhere("shop"), two.bus.isHeldElsewhere(6380)]).toEqual([false, 3, true]);
  expect(statSync(join(directory, "gateway-2.sock")).mode & 0o777).toBe(0o600);
  await until("the first knows the second", () => !one.bus.isAlone);
  expect([await answersOf(one), await answersOf(two)]).toEqual([[2], [1]]);
});

test("one that starts does not wait for long for one that is there and says nothing", async () => {
  const before = counters.larder_gateway_worker_meetings_late_total;
  const silent = Bun.listen({ unix: join(directory, "gateway-2.sock"), socket: { data() {} } });
  const one = await startWorker(1);
  expect([one.bus.isAlone, counters.larder_gateway_worker_meetings_late_total]).toEqual([true, before + 1]);
  silent.stop(true);
});

test("counts and ports are told when they change", async () => {
  const [one, two, three] = [await startWorker(1, 3), await startWorker(2, 3), await startWorker(3, 3)];
  await until("all have met", () => [one, two, three].every(({ bus }) => !bus.isAlone));
  one.clients.set("shop", 1);
  one.bus.clientsChanged("shop");
  two.clients.set("shop", 2);
  two.bus.clientsChanged("shop");
  await until("the third knows", () => three.bus.clientsElsewhere("shop") === 3);
  one.clients.delete("shop");
  one.bus.clientsChanged("shop");
  two.open.push(7000);
  two.bus.portsChanged();
  await until("the third knows", () => three.bus.clientsElsewhere("shop") === 2 && three.bus.isHeldElsewhere(7000));
  const { changes } = three;
  two.bus.portsChanged();
  two.clients.set("shop", 5);
  two.bus.clientsChanged("shop");
  await until("the third knows", () => three.bus.clientsElsewhere("shop") === 5);
  expect(three.changes).toBe(changes);
});

test("one that is gone has no clients, and is met again when it is back", async () => {
  const [one, two] = [await startWorker(1), await startWorker(2)];
  two.clients.set("shop", 2);
  two.open.push(7000);
  two.bus.clientsChanged("shop");
  two.bus.portsChanged();
  await until("the first knows", () => one.bus.clientsElsewhere("shop") === 2 && one.bus.isHeldElsewhere(7000));
  const asked = answersOf(one);
  two.bus.stop();
  await asked;
  await until("it is gone", () => one.bus.isAlone);
  expect([one.bus.clientsElsewhere("shop"), one.bus.isHeldElsewhere(7000)]).toEqual([0, false]);
  expect(await answersOf(one)).toEqual([]);
  await startWorker(2);
  await until("it is back", () => !one.bus.isAlone);
  expect(await answersOf(one)).toEqual([2]);
});

test("one that hangs costs a bounded wait, and counts as it did", async () => {
  const one = await startWorker(1);
  const hung = Bun.spawn(
    [process.execPath, join(import.meta.dir, "silent-worker.ts"), join(directory, "gateway-2.sock")],
    {
      stdout: "pipe",
    },
  );
  try {
    await hung.stdout.getReader().read();
    await until("they have met", () => one.bus.clientsElsewhere("shop") === 4);
    const begunMs = performance.now();
    expect(await answersOf(one)).toEqual([]);
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(limits.workerAnswerMs - 5);
    expect(one.bus.clientsElsewhere("shop")).toBe(4);
  } finally {
    hung.kill("SIGKILL");
  }
});

test("what is no message ends the connection, and nothing else", async () => {
  const [one, two] = [await startWorker(1), await startWorker(2)];
  for (const nonsense of ["{\n", "null\n", "7\n", '{"ask":1}\n', '{"hello":99}\n{"answer":5,"value":1}\n', "\0\n"]) {
    const ended = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      unix: join(directory, "gateway-1.sock"),
      socket: { data() {}, close: () => ended.resolve() },
    });
    socket.write(nonsense);
    socket.end();
    await ended.promise;
  }
  await until("they still talk", async () => (await answersOf(two)).includes(1) && (await answersOf(one)).includes(2));
});
