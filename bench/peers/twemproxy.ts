/** twemproxy (Debian's nutcracker) with its defaults: one connection to the server, mbufs of 16384 bytes. It has one thread and no TLS. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../ports.ts";
import { type Program, startProgram } from "../process.ts";
import type { BackendPorts } from "./backend.ts";
import type { ValkeyServer } from "./valkey.ts";

export interface TwemproxyServer extends Program {
  plain: BackendPorts;
}

export async function startTwemproxy(options: { directory: string; engine: ValkeyServer }): Promise<TwemproxyServer> {
  const { directory, engine } = options;
  const [tcp, unix, statsPort] = await freePorts(3);
  const configPath = join(directory, "nutcracker.yml");
  writeFileSync(
    configPath,
    pool("tcp", tcp, `127.0.0.1:${engine.port}:1`) + pool("unix", unix, `${engine.socketPath}:1`),
  );
  const program = await startProgram({
    command: ["nutcracker", "-c", configPath, "-s", String(statsPort), "-a", "127.0.0.1", "-m", "16384"],
    port: tcp,
    logPath: join(directory, "nutcracker.log"),
  });
  return { ...program, plain: { tcp, unix } };
}

/** `backlog` must hold the largest burst of new clients. */
function pool(name: string, port: number, server: string): string {
  return `${name}:
  listen: 127.0.0.1:${port}
  redis: true
  hash: fnv1a_64
  distribution: ketama
  auto_eject_hosts: false
  preconnect: true
  tcpkeepalive: true
  backlog: 1024
  server_connections: 1
  servers:
   - ${server} engine
`;
}
