/**
 * HAProxy in front of a group of Sentinel's, as HAProxy's makers advise for Redis: it asks each server every second
 * whether it is the primary, and sends clients there. Sessions with a server that is no primary any more are ended.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../ports.ts";
import { startProgram } from "../../process.ts";
import { roles } from "../load/roles.ts";
import type { Subject } from "../subject.ts";
import { SentinelGroup } from "./sentinel-group.ts";

/** The stack stops it. */
export async function startHaproxySubject(stack: AsyncDisposableStack, parent: string): Promise<Subject> {
  const directory = join(parent, "haproxy");
  mkdirSync(directory);
  const [port, primaryPort] = await freePorts(2);
  const group = await SentinelGroup.start(stack, { directory, primaryPort });
  const configPath = join(directory, "haproxy.cfg");
  writeFileSync(configPath, configuration(port, group.ports));
  const logPath = join(directory, "haproxy.log");
  const program = await startProgram({ command: ["haproxy", "-db", "-f", configPath], port, logPath });
  stack.defer(() => program.stop());
  return {
    name: "haproxy",
    endpoint: { port, caPath: null, password: null },
    roles,
    untilWhole: () => group.untilWhole(),
    primaryPid: () => group.primaryPid(),
    async move() {
      await group.failover();
      return { holdMs: null, durationMs: null };
    },
  };
}

function configuration(port: number, servers: readonly number[]): string {
  const lines = servers.map((server) => `  server s${server} 127.0.0.1:${server} check inter 1s`);
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode tcp
  timeout connect 4s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:${port}
  default_backend primary
backend primary
  option tcp-check
  tcp-check connect
  tcp-check send PING\\r\\n
  tcp-check expect string +PONG
  tcp-check send info\\ replication\\r\\n
  tcp-check expect string role:master
  tcp-check send QUIT\\r\\n
  tcp-check expect string +OK
  default-server on-marked-down shutdown-sessions
${lines.join("\n")}
`;
}
