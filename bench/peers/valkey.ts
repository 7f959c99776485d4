/** Valkey itself, set as the agent sets its engines: one I/O thread, no snapshots, a limit on memory. Reached in all three ways at once. */
import { join } from "node:path";
import type { Certificate } from "../certificate.ts";
import { freePorts } from "../ports.ts";
import { type Program, startProgram } from "../process.ts";

export interface ValkeyServer extends Program {
  port: number;
  tlsPort: number;
  socketPath: string;
}

export async function startValkey(options: {
  directory: string;
  name: string;
  certificate: Certificate;
  /** Its own default unless it is given. */
  clientsMax?: number;
}): Promise<ValkeyServer> {
  const [port, tlsPort] = await freePorts(2);
  const socketPath = join(options.directory, `${options.name}.sock`);
  const { certificate } = options;
  const command = [
    ...["valkey-server", "--bind", "127.0.0.1", "--port", String(port), "--unixsocket", socketPath],
    ...["--tls-port", String(tlsPort), "--tls-cert-file", certificate.certificatePath],
    ...["--tls-key-file", certificate.keyPath, "--tls-ca-cert-file", certificate.caPath, "--tls-auth-clients", "no"],
    ...["--maxmemory", "1gb", "--maxmemory-policy", "volatile-lru"],
    ...["--save", "", "--io-threads", "1", "--dir", options.directory, "--loglevel", "warning"],
    ...(options.clientsMax === undefined ? [] : ["--maxclients", String(options.clientsMax)]),
  ];
  const program = await startProgram({ command, port, logPath: join(options.directory, `${options.name}.log`) });
  return { ...program, port, tlsPort, socketPath };
}
