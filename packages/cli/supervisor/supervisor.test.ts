import { describe, expect, test } from "bun:test";
import { LarderError } from "@larder/api/errors";
import type { Clock } from "../clock.ts";
import type { DaemonPlan } from "./daemon-plan.ts";
import type { DaemonExit, SpawnDaemon } from "./daemon-process.ts";
import { Supervisor } from "./supervisor.ts";

const plan = (name: string): DaemonPlan => ({
  name,
  program: `${name}.ts`,
  args: [],
  logPath: `${name}.log`,
});

interface FakeProcess {
  name: string;
  pid: number;
  ready(): void;
  exit(exit?: Partial<DaemonExit>): void;
}

/** A supervisor over processes that do what the test says, with a log of everything that happened. */
function fixture(gateways = ["gateway"]) {
  const agents = [{ ...plan("agent"), join: null }];
  const plans = { controller: plan("controller"), agents, gateways: gateways.map(plan) };
  const log: string[] = [];
  const processes: FakeProcess[] = [];
  const timers: { ms: number; run: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    sleep: async () => {},
    after(ms, run) {
      const timer = { ms, run };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const spawn: SpawnDaemon = ({ name }, onReady) => {
    const exited = Promise.withResolvers<DaemonExit>();
    const pid = processes.length + 1;
    const exit = (how: Partial<DaemonExit> = {}) => exited.resolve({ status: 0, signal: null, error: null, ...how });
    processes.push({ name, pid, ready: onReady, exit });
    log.push(`spawn ${name}`);
    return {
      pid,
      exited: exited.promise,
      askToStop() {
        log.push(`stop ${name}`);
        exit();
      },
      kill: () => exit({ signal: "SIGKILL" }),
    };
  };
  const supervisor = new Supervisor(plans, {
    spawn,
    clock,
    events: {
      onCrash: ({ name }, exit, delayMs) => log.push(`crash ${name} ${exit.signal} ${delayMs}`),
      onGivenUp: ({ name }, exit) => log.push(`gave up ${name} ${exit.error?.code}`),
      onRestarted: ({ name }, pid) => log.push(`restarted ${name} ${pid}`),
    },
  });
  return { supervisor, log, processes, timers };
}

/** Lets promises that are settled run on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

async function started(gateways = ["gateway"]) {
  const service = fixture(gateways);
  const starting = service.supervisor.start(async () => {});
  service.processes[0]?.ready();
  await settle();
  for (const each of service.processes.slice(1)) each.ready();
  await starting;
  return service;
}

describe("a supervisor", () => {
  test("starts the controller first, and stops it last", async () => {
    const { supervisor, log } = await started();
    await supervisor.stop();
    expect(log).toEqual([
      "spawn controller",
      "spawn agent",
      "spawn gateway",
      "stop gateway",
      "stop agent",
      "stop controller",
    ]);
  });

  test("passes on why a daemon does not start", async () => {
    const { supervisor, processes } = fixture();
    const starting = supervisor.start(async () => {});
    processes[0]?.exit({ status: 69, error: { code: "PortInUse", message: "Port 8443 is taken." } });
    const error = await starting.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LarderError);
    expect(error).toMatchObject({ code: "PortInUse", message: "Port 8443 is taken." });
    await supervisor.stop();
  });

  test("names the log of a daemon that ended without a word", async () => {
    const { supervisor, processes } = fixture();
    const starting = supervisor.start(async () => {});
    processes[0]?.exit({ status: 1 });
    expect(starting).rejects.toThrow("The controller ended at its start (exit status 1); see controller.log.");
  });

  test("restarts what crashes, under a new process id", async () => {
    const { supervisor, log, processes, timers } = await started();
    processes[2]?.exit({ status: null, signal: "SIGKILL" });
    await settle();
    timers.pop()?.run();
    processes[3]?.ready();
    expect(log.slice(3)).toEqual(["crash gateway SIGKILL 0", "spawn gateway", "restarted gateway 4"]);
    expect(supervisor.pids()).toEqual({ controller: [1], agent: [2], gateway: [4] });
  });

  test("restarts a worker of the gateway by itself", async () => {
    const { supervisor, log, processes, timers } = await started(["gateway-1", "gateway-2"]);
    processes[2]?.exit({ status: null, signal: "SIGKILL" });
    await settle();
    timers.pop()?.run();
    processes[4]?.ready();
    expect(log.slice(4)).toEqual(["crash gateway-1 SIGKILL 0", "spawn gateway-1", "restarted gateway-1 5"]);
    expect(supervisor.pids()).toEqual({ controller: [1], agent: [2], gateway: [5, 4] });
  });

  test("restarts nothing once it stops", async () => {
    const { supervisor, log, processes, timers } = await started();
    processes[2]?.exit({ signal: "SIGKILL" });
    await settle();
    await supervisor.stop();
    expect(timers).toEqual([]);
    expect(log.filter((line) => line === "spawn gateway")).toHaveLength(1);
  });

  test("starts an agent that is down once more, so that it ends the engines", async () => {
    const { supervisor, log, processes, timers } = await started();
    processes[1]?.exit({ signal: "SIGKILL" });
    await settle();
    await supervisor.stop();
    expect(timers).toEqual([]);
    expect(log.slice(3)).toEqual([
      "crash agent SIGKILL 0",
      "stop gateway",
      "spawn agent",
      "stop agent",
      "stop controller",
    ]);
  });

  test("that is stopped while it starts gives up starting", async () => {
    const { supervisor, log } = fixture();
    const starting = supervisor.start(async () => {}).catch((error: LarderError) => error.code);
    await supervisor.stop();
    expect(await starting).toBe("ServiceUnavailable");
    expect(log).toEqual(["spawn controller", "stop controller"]);
  });
});
