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
  name: DaemonName;
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

export function logPathOf(layout: Layout, name: DaemonName): string {
  return join(layout.logDirectory, `${name}.log`);
}

export function planDaemons(
  options: UpOptions,
  layout: Layout,
  packagesDirectory: string,
): Record<DaemonName, DaemonPlan> {
  const flagsOf: Record<DaemonName, Record<string, string>> = {
    controller: controllerFlags(options, layout),
    agent: agentFlags(options, layout),
    gateway: gatewayFlags(options, layout),
  };
  const planOf = (name: DaemonName): DaemonPlan => ({
    name,
    program: join(packagesDirectory, name, "main.ts"),
    args: [...toArguments(flagsOf[name]), "--supervised"],
    logPath: logPathOf(layout, name),
  });
  return { controller: planOf("controller"), agent: planOf("agent"), gateway: planOf("gateway") };
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
    ...(options.enginePath === undefined ? {} : { "engine-path": options.enginePath }),
  };
}

function gatewayFlags(options: UpOptions, layout: Layout): Record<string, string> {
  return {
    "data-dir": join(layout.dataDirectory, "gateway"),
    "controller-socket": controllerSocket(layout),
    host: options.host,
    "tls-port": String(options.tlsPort),
    "tls-cert": join(layout.dataDirectory, "controller/pki/server.pem"),
    "tls-key": join(layout.dataDirectory, "controller/pki/server-key.pem"),
  };
}

function controllerSocket(layout: Layout): string {
  return join(layout.socketDirectory, "controller.sock");
}

function toArguments(flags: Record<string, string>): string[] {
  return Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
}
