/** Which program each daemon is and the flags that it gets. Pure. Secrets are never among them, only paths. */
import { join } from "node:path";
import { hasPublicCertificate } from "./certificate-options.ts";
import type { UpOptions } from "./up-options.ts";

export const daemonNames = ["controller", "agent", "gateway"] as const;
export type DaemonName = (typeof daemonNames)[number];

/** Where everything of one service lies. */
export interface Layout {
  dataDirectory: string;
  socketDirectory: string;
  logDirectory: string;
  ca: string;
  /** `ca`, and what a public certificate may be of. */
  trust: string;
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

/** A list is a flag that is given several times. */
type Flags = Record<string, string | string[]>;

export function layoutOf(dataDirectory: string, socketDirectory: string): Layout {
  return {
    dataDirectory,
    socketDirectory,
    logDirectory: join(dataDirectory, "logs"),
    ca: join(dataDirectory, "controller/pki/ca.pem"),
    trust: join(dataDirectory, "controller/pki/trust.pem"),
    adminToken: join(dataDirectory, "controller/admin-token"),
    lock: join(dataDirectory, "up.lock"),
    holder: join(dataDirectory, "up.json"),
    connection: join(dataDirectory, "connection.json"),
  };
}

/** An agent that comes as one of another machine would, and what it needs for its first start. */
export interface AgentPlan extends DaemonPlan {
  /** null: it comes by the controller's socket. */
  join: { directory: string; tokenPath: string; identityPath: string } | null;
}

export interface ServicePlan {
  controller: DaemonPlan;
  /** One for each host, the first of them beside the controller. */
  agents: AgentPlan[];
  /** The workers that share the gateway's ports. */
  gateways: DaemonPlan[];
}

export function planDaemons(options: UpOptions, layout: Layout, packagesDirectory: string): ServicePlan {
  const planOf = (daemon: DaemonName, flags: Flags, name: string = daemon): DaemonPlan => ({
    name,
    program: join(packagesDirectory, daemon, "main.ts"),
    args: [...toArguments({ "secrets-key-file": secretsKeyFile(options, layout), ...flags }), "--supervised"],
    logPath: join(layout.logDirectory, `${name}.log`),
  });
  const workers = options.gatewayWorkers;
  return {
    controller: planOf("controller", controllerFlags(options, layout)),
    agents: Array.from({ length: options.hosts }, (_, index) => {
      const name = index === 0 ? "agent" : `agent-${index + 1}`;
      const join = index === 0 ? null : joinOf(layout, name);
      const flags = join === null ? firstAgentFlags(options, layout) : joiningAgentFlags(options, layout, index + 1);
      return { ...planOf("agent", flags, name), join };
    }),
    gateways: Array.from({ length: workers }, (_, index) =>
      planOf("gateway", gatewayFlags(options, layout, index + 1), workers === 1 ? "gateway" : `gateway-${index + 1}`),
    ),
  };
}

function controllerFlags(options: UpOptions, layout: Layout): Flags {
  return {
    "data-dir": join(layout.dataDirectory, "controller"),
    socket: controllerSocket(layout),
    host: options.host,
    "api-port": String(options.apiPort),
    ...(options.identityPort === undefined
      ? {}
      : { identity: "embedded", "identity-port": String(options.identityPort) }),
    "tls-port": String(options.tlsPort),
    "port-base": String(options.portBase),
    ...(options.domain === undefined ? {} : { domain: options.domain }),
    ...options.certificate,
    "api-issuer": options.apiIssuers,
    "api-audience": options.apiAudiences,
    "token-issuer": options.tokenIssuers,
    "token-audience": options.tokenAudiences,
    ...(options.agentHost === undefined
      ? {}
      : { "agent-host": options.agentHost, "agent-port": String(options.agentPort) }),
  };
}

function agentFlags(options: UpOptions, layout: Layout): Flags {
  return {
    "socket-dir": layout.socketDirectory,
    engine: options.engine,
    ...(options.hosts === 1 ? {} : { "hosts-on-machine": String(options.hosts) }),
    ...(options.enginePath === undefined ? {} : { "engine-path": options.enginePath }),
    "storage-root": options.storageRoots,
  };
}

function firstAgentFlags(options: UpOptions, layout: Layout): Flags {
  return {
    ...agentFlags(options, layout),
    "data-dir": join(layout.dataDirectory, "agent"),
    "controller-socket": controllerSocket(layout),
    address: options.address,
    ...(options.hosts === 1 ? {} : { name: "host-1" }),
    ...(options.zone === undefined ? {} : { zone: options.zone }),
    ...nodeCertificateFlags(layout),
  };
}

function joiningAgentFlags(options: UpOptions, layout: Layout, number: number): Flags {
  const { directory, tokenPath } = joinOf(layout, `agent-${number}`);
  return {
    ...agentFlags(options, layout),
    "data-dir": directory,
    address: `127.0.0.${number}`,
    name: `host-${number}`,
    join: `https://${options.agentHost}:${options.agentPort}`,
    "token-file": tokenPath,
  };
}

function joinOf(layout: Layout, name: string): NonNullable<AgentPlan["join"]> {
  const directory = join(layout.dataDirectory, name);
  return {
    directory,
    tokenPath: join(directory, "join-token"),
    identityPath: join(directory, "identity/identity.json"),
  };
}

function gatewayFlags(options: UpOptions, layout: Layout, worker: number): Flags {
  return {
    "data-dir": join(layout.dataDirectory, "gateway"),
    "controller-socket": controllerSocket(layout),
    host: options.host,
    "private-network": options.privateNetworks,
    "tls-port": String(options.tlsPort),
    ...servedCertificateFlags(options, layout),
    ...nodeCertificateFlags(layout),
    workers: String(options.gatewayWorkers),
    worker: String(worker),
  };
}

function servedCertificateFlags(options: UpOptions, layout: Layout): Flags {
  const name = hasPublicCertificate(options.certificate) ? "public" : "server";
  return {
    "tls-cert": join(layout.dataDirectory, `controller/pki/${name}.pem`),
    "tls-key": join(layout.dataDirectory, `controller/pki/${name}-key.pem`),
  };
}

/** All daemons of the machine share it. */
function secretsKeyFile(options: UpOptions, layout: Layout): string {
  return options.secretsKeyFile ?? join(layout.dataDirectory, "secrets-key");
}

function nodeCertificateFlags(layout: Layout): Flags {
  return {
    "node-cert": join(layout.dataDirectory, "controller/pki/node.pem"),
    "node-key": join(layout.dataDirectory, "controller/pki/node-key.pem"),
    "node-ca": join(layout.dataDirectory, "controller/pki/node-ca.pem"),
  };
}

function controllerSocket(layout: Layout): string {
  return join(layout.socketDirectory, "controller.sock");
}

function toArguments(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([flag, given]) => [given].flat().flatMap((value) => [`--${flag}`, value]));
}
