/** Which program each daemon is and the flags that it gets. Pure. Secrets are never among them, only paths. */
import { join } from "node:path";
import type { UpOptions } from "./up-options.ts";

export const daemonNames = ["controller", "agent", "gateway"] as const;
export type DaemonName = (typeof daemonNames)[number];

/** Where everything of one service lies. */
export interface Layout {
  dataDirectory: string;
  socketDirectory: string;
  logDirectory: string;
  ca: string;
  adminToken: string;
  lock: string;
  /** Who holds the lock. */
  holder: string;
  connection: string;
}

export interface DaemonPlan {
  /** The daemon's name, and its number where there are several: "gateway-2". */
  name: string;
  program: string;
  args: string[];
  logPath: string;
}

export function layoutOf(dataDirectory: string, socketDirectory: string): Layout {
  return {
    dataDirectory,
    socketDirectory,
    logDirectory: join(dataDirectory, "logs"),
    ca: join(dataDirectory, "controller/pki/ca.pem"),
    adminToken: join(dataDirectory, "controller/admin-token"),
    lock: join(dataDirectory, "up.lock"),
    holder: join(dataDirectory, "up.json"),
    connection: join(dataDirectory, "connection.json"),
  };
}

export interface ServicePlan {
  controller: DaemonPlan;
  agent: DaemonPlan;
  /** The workers that share the gateway's ports. */
  gateways: DaemonPlan[];
}

export function planDaemons(options: UpOptions, layout: Layout, packagesDirectory: string): ServicePlan {
  const planOf = (daemon: DaemonName, flags: Record<string, string>, name: string = daemon): DaemonPlan => ({
    name,
    program: join(packagesDirectory, daemon, "main.ts"),
    args: [...toArguments(flags), "--supervised"],
    logPath: join(layout.logDirectory, `${name}.log`),
  });
  const workers = options.gatewayWorkers;
  return {
    controller: planOf("controller", controllerFlags(options, layout)),
    agent: planOf("agent", agentFlags(options, layout)),
    gateways: Array.from({ length: workers }, (_, index) =>
      planOf("gateway", gatewayFlags(options, layout, index + 1), workers === 1 ? "gateway" : `gateway-${index + 1}`),
    ),
  };
}

function controllerFlags(options: UpOptions, layout: Layout): Record<string, string> {
  return {
    "data-dir": join(layout.dataDirectory, "controller"),
    socket: controllerSocket(layout),
    host: options.host,
    "api-port": String(options.apiPort),
    "tls-port": String(options.tlsPort),
    "port-base": String(options.portBase),
  };
}

function agentFlags(options: UpOptions, layout: Layout): Record<string, string> {
  return {
    "data-dir": join(layout.dataDirectory, "agent"),
    "controller-socket": controllerSocket(layout),
    "socket-dir": layout.socketDirectory,
    engine: options.engine,
    ...nodeCertificateFlags(layout),
    ...(options.enginePath === undefined ? {} : { "engine-path": options.enginePath }),
  };
}

function gatewayFlags(options: UpOptions, layout: Layout, worker: number): Record<string, string> {
  return {
    "data-dir": join(layout.dataDirectory, "gateway"),
    "controller-socket": controllerSocket(layout),
    host: options.host,
    "tls-port": String(options.tlsPort),
    "tls-cert": join(layout.dataDirectory, "controller/pki/server.pem"),
    "tls-key": join(layout.dataDirectory, "controller/pki/server-key.pem"),
    ...nodeCertificateFlags(layout),
    workers: String(options.gatewayWorkers),
    worker: String(worker),
  };
}

function nodeCertificateFlags(layout: Layout): Record<string, string> {
  return {
    "node-cert": join(layout.dataDirectory, "controller/pki/node.pem"),
    "node-key": join(layout.dataDirectory, "controller/pki/node-key.pem"),
    "node-ca": join(layout.dataDirectory, "controller/pki/node-ca.pem"),
  };
}

function controllerSocket(layout: Layout): string {
  return join(layout.socketDirectory, "controller.sock");
}

function toArguments(flags: Record<string, string>): string[] {
  return Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
}
