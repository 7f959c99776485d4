/**
 * HAProxy in TCP mode, plain and with TLS in front, to one Valkey over TCP and over its Unix socket: four front ends of
 * one process, of which the faster two are then measured. Options are those that its manual advises for interactive
 * protocols: fewer packets at connect and accept, splicing where its heuristics find it useful.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificate } from "../certificate.ts";
import { freePorts } from "../ports.ts";
import { type Program, startProgram } from "../process.ts";
import type { BackendPorts } from "./backend.ts";
import type { ValkeyServer } from "./valkey.ts";

export interface HaproxyServer extends Program {
  plain: BackendPorts;
  tls: BackendPorts;
}

export async function startHaproxy(options: {
  directory: string;
  threads: number;
  engine: ValkeyServer;
  certificate: Certificate;
}): Promise<HaproxyServer> {
  const { directory, threads, engine, certificate } = options;
  const [plainTcp, plainUnix, tlsTcp, tlsUnix] = await freePorts(4);
  const pemPath = join(directory, "haproxy.pem");
  writeFileSync(
    pemPath,
    readFileSync(certificate.certificatePath, "utf8") + readFileSync(certificate.keyPath, "utf8"),
    {
      mode: 0o600,
    },
  );
  const ports = { plain: { tcp: plainTcp, unix: plainUnix }, tls: { tcp: tlsTcp, unix: tlsUnix } };
  const configPath = join(directory, `haproxy-${threads}.cfg`);
  writeFileSync(configPath, configuration({ threads, engine, pemPath, ports }));
  const program = await startProgram({
    command: ["haproxy", "-db", "-f", configPath],
    port: plainTcp,
    logPath: join(directory, `haproxy-${threads}.log`),
  });
  return { ...program, ...ports };
}

function configuration(options: {
  threads: number;
  engine: ValkeyServer;
  pemPath: string;
  ports: { plain: BackendPorts; tls: BackendPorts };
}): string {
  const { engine, pemPath, ports } = options;
  const front = (name: string, port: number, backend: string, tls: string) =>
    `frontend ${name}\n  bind 127.0.0.1:${port}${tls}\n  default_backend ${backend}\n`;
  return `global
  nbthread ${options.threads}
  maxconn 4096
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option tcp-smart-accept
  option tcp-smart-connect
  option splice-auto
${front("plain-tcp", ports.plain.tcp, "tcp", "")}${front("plain-unix", ports.plain.unix, "unix", "")}${front(
  "tls-tcp",
  ports.tls.tcp,
  "tcp",
  ` ssl crt ${pemPath}`,
)}${front("tls-unix", ports.tls.unix, "unix", ` ssl crt ${pemPath}`)}backend tcp
  server engine 127.0.0.1:${engine.port}
backend unix
  server engine unix@${engine.socketPath}
`;
}
