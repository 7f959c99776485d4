/**
 * The gateway's processes by themselves, in front of a Valkey that the benchmark started, with one cache. For what
 * `larder up` with a Basic cache does not give: a chosen number of workers, and more clients than any of its sizes admits.
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type CacheId, type NodeId, type Route, refusedByRedisCache } from "@larder/api";
import { systemClock, systemRandomness } from "@larder/service";
import type { Certificate } from "./certificate.ts";
import type { Endpoint } from "./load.ts";
import type { ValkeyServer } from "./peers/valkey.ts";
import { freePorts } from "./ports.ts";
import { startProgram } from "./process.ts";
import { RouteServer } from "./route-server.ts";

export interface GatewayProcesses {
  plain: Endpoint;
  tls: Endpoint;
  pids: number[];
}

export interface GatewayProcessesOptions {
  directory: string;
  /** Tells several of them in one directory apart. */
  name: string;
  workers: number;
  clientsMax: number;
  engine: ValkeyServer;
  engineVersion: string;
  certificate: Certificate;
}

const mainPath = join(import.meta.dir, "../packages/gateway/main.ts");
const routedTimeoutMs = 10_000;

/** Resolves when every worker has the route in force. The stack stops them. */
export async function startGatewayProcesses(
  stack: AsyncDisposableStack,
  options: GatewayProcessesOptions,
): Promise<GatewayProcesses> {
  const { workers, certificate } = options;
  const [sharedPort, tlsPort, plainPort] = await freePorts(3);
  const password = systemRandomness.bytes(16).toString("hex");
  const directory = join(options.directory, options.name);
  mkdirSync(directory, { mode: 0o700 });
  const route = routeOf(options, { tlsPort, plainPort, password });
  const routes = new RouteServer(join(directory, "controller.sock"), {
    revision: 1,
    tokenIssuers: [],
    routes: [route],
  });
  routes.start();
  stack.defer(() => routes.stop());

  const flags = [
    ...["--data-dir", join(directory, "data"), "--controller-socket", routes.socketPath],
    ...["--tls-port", String(sharedPort), "--log-level", "warn", "--workers", String(workers)],
    ...["--tls-cert", certificate.certificatePath, "--tls-key", certificate.keyPath],
  ];
  const pids: number[] = [];
  for (let worker = 1; worker <= workers; worker++) {
    const program = await startProgram({
      command: [process.execPath, "--no-env-file", mainPath, ...flags, "--worker", String(worker)],
      port: sharedPort,
      logPath: join(directory, `worker-${worker}.log`),
    });
    stack.defer(() => program.stop());
    pids.push(program.pid);
  }
  await untilRouted(routes, pids);
  return {
    tls: { port: tlsPort, caPath: certificate.caPath, password },
    plain: { port: plainPort, caPath: null, password },
    pids,
  };
}

function routeOf(
  { name, clientsMax, engine, engineVersion }: GatewayProcessesOptions,
  given: { tlsPort: number; plainPort: number; password: string },
): Route {
  const { tlsPort, plainPort, password } = given;
  return {
    cacheId: `cache-${name}` as CacheId,
    name,
    hostName: `${name}.larder.localhost`,
    epoch: 1,
    tlsPort,
    plainPort,
    hasTls: true,
    isCluster: false,
    clientsMax,
    databases: 16,
    minimumTlsVersion: "1.2",
    users: [
      {
        name: "default",
        needsPassword: true,
        passwordSha256: [createHash("sha256").update(password).digest("hex")],
        objectId: null,
        // The engine's own default user has no password here and takes any.
        engineUser: "default",
        enginePassword: "any",
      },
    ],
    ownLogin: { engineUser: "default", enginePassword: "any" },
    cutEpoch: 0,
    network: { hasPublicAccess: true, allowed: null, privateNetworks: [] },
    refusedCommands: refusedByRedisCache,
    node: {
      nodeId: `node-${name}` as NodeId,
      socketPath: engine.socketPath,
      address: null,
      engine: "valkey",
      version: engineVersion,
    },
    readNodes: [],
    durableWrites: null,
    move: null,
  };
}

async function untilRouted(routes: RouteServer, pids: readonly number[]): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + routedTimeoutMs;
  const reportOf = (pid: number) => routes.reports.get(pid);
  while (!pids.every((pid) => reportOf(pid)?.revision === 1)) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error("a gateway process did not report its routes");
    await systemClock.sleep(20);
  }
  const errors = pids.flatMap((pid) => reportOf(pid)?.listeners.map(({ error }) => error) ?? []);
  const error = errors.find((each) => each !== null);
  if (error !== undefined) throw new Error(`a gateway process could not open its ports: ${error}`);
}
