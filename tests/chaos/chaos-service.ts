/** What a chaos run is about: gateway processes in front of an engine that keeps what it acknowledged when it is killed. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CacheId, type GatewayReport, type NodeId, type Route, refusedByRedisCache } from "@larder/api";
import { RouteServer } from "../../bench/route-server.ts";
import { issueTestCertificate } from "../fixture/certificate.ts";
import { freePorts } from "../fixture/free-ports.ts";
import type { Address } from "../fixture/raw-client.ts";
import { until } from "../fixture/until.ts";
import { startValkey, type TestEngine } from "../fixture/valkey.ts";

const mainPath = join(import.meta.dir, "../../packages/gateway/main.ts");
export const accessKey = "an-access-key";

const engineChoices = {
  user: "larder-app",
  password: "engine-password",
  lines: [
    "port 0",
    "appendonly yes",
    // Written before it is acknowledged; with "everysec" it may be written later. No disk needs to have it: only a process dies.
    "appendfsync no",
    // What an engine reads back from its file runs as this user: without its rights, transactions in there are dropped.
    "user default off ~* &* +@all",
    "user larder-app on >engine-password ~* &* +@all -config -acl -debug -shutdown -script|debug",
  ],
};

export interface Worker {
  pid: number;
  /** Its newest report. */
  report(): GatewayReport | undefined;
  isAlive(): boolean;
}

export interface ChaosService {
  engine: TestEngine;
  workers: Worker[];
  addresses: Address[];
  stop(): Promise<void>;
}

export async function startChaosService(workerCount: number): Promise<ChaosService> {
  const directory = mkdtempSync(join(tmpdir(), "larder-chaos-"));
  const engine = await startValkey(engineChoices);
  const certificate = await issueTestCertificate();
  writeFileSync(join(directory, "cert.pem"), certificate.cert);
  writeFileSync(join(directory, "key.pem"), certificate.key, { mode: 0o600 });
  const [sharedPort = 0, tlsPort = 0, plainPort = 0] = await freePorts(3);
  const route = routeTo(engine, { tlsPort, plainPort });
  const routes = new RouteServer(join(directory, "controller.sock"), { revision: 1, routes: [route] });
  routes.start();
  const flags = [
    ...["--data-dir", join(directory, "data"), "--controller-socket", routes.socketPath, "--log-level", "error"],
    ...["--tls-cert", join(directory, "cert.pem"), "--tls-key", join(directory, "key.pem")],
    ...["--tls-port", String(sharedPort), "--workers", String(workerCount)],
  ];
  const children = Array.from({ length: workerCount }, (_, index) =>
    Bun.spawn([process.execPath, "--no-env-file", mainPath, ...flags, "--worker", String(index + 1)], {
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
    }),
  );
  await until("every worker has its ports", () =>
    children.every(({ pid }) => {
      const report = routes.reports.get(pid);
      return report?.revision === 1 && report.listeners.every(({ error }) => error === null);
    }),
  );
  const { ca } = certificate;
  return {
    engine,
    workers: children.map((child) => ({
      pid: child.pid,
      report: () => routes.reports.get(child.pid),
      isAlive: () => child.exitCode === null && child.signalCode === null,
    })),
    addresses: [
      { port: plainPort },
      { port: tlsPort, tls: { ca } },
      { port: sharedPort, tls: { ca, serverName: route.hostName } },
    ],
    async stop() {
      for (const child of children) child.kill();
      await Promise.all(children.map((child) => child.exited));
      await routes.stop();
      await engine.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function routeTo(engine: TestEngine, ports: { tlsPort: number; plainPort: number }): Route {
  return {
    cacheId: "cache-1" as CacheId,
    name: "shop",
    hostName: "shop.larder.localhost",
    epoch: 1,
    ...ports,
    clientsMax: 1_000,
    databases: 16,
    minimumTlsVersion: "1.2",
    users: [
      {
        name: "default",
        needsPassword: true,
        passwordSha256: [createHash("sha256").update(accessKey).digest("hex")],
        engineUser: engine.user,
        enginePassword: engine.password,
      },
    ],
    refusedCommands: refusedByRedisCache,
    node: { nodeId: "node-1" as NodeId, socketPath: engine.socketPath, engine: "valkey", version: "8.0.1" },
    move: null,
  };
}
