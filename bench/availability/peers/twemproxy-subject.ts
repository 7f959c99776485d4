/**
 * twemproxy in front of a group of Sentinel's. It has no failover of its own and does not read its configuration again,
 * so Sentinel calls a script after each failover that names the new primary in it and starts the proxy anew: the usual way.
 * It knows no subscriptions, no transactions and no blocking commands, so its load is of writers and readers alone.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../../tests/fixture/until.ts";
import { freePorts } from "../../ports.ts";
import type { Subject } from "../subject.ts";
import { SentinelGroup } from "./sentinel-group.ts";

interface Paths {
  config: string;
  pid: string;
  log: string;
  script: string;
}

/** The stack stops it. */
export async function startTwemproxySubject(stack: AsyncDisposableStack, parent: string): Promise<Subject> {
  const directory = join(parent, "twemproxy");
  mkdirSync(directory);
  const [port, statsPort, primaryPort] = await freePorts(3);
  const at = (name: string) => join(directory, name);
  const paths = {
    config: at("nutcracker.yml"),
    pid: at("nutcracker.pid"),
    log: at("nutcracker.log"),
    script: at("switch.sh"),
  };
  writeFileSync(paths.config, configuration(port, primaryPort));
  writeFileSync(paths.script, switchScript(paths, statsPort), { mode: 0o700 });
  // Last to be stopped: until Sentinel is gone its script may start another.
  stack.defer(() => stopProxy(paths));
  const group = await SentinelGroup.start(stack, { directory, primaryPort, onSwitch: paths.script });
  startProxy(paths, primaryPort);
  return {
    name: "twemproxy",
    endpoint: { port, caPath: null, password: null },
    roles: ["writers", "readers"],
    untilWhole: () => group.untilWhole(),
    primaryPid: () => group.primaryPid(),
    async move() {
      await group.failover();
      return { holdMs: null, durationMs: null };
    },
  };
}

function configuration(port: number, primary: number): string {
  return `bench:
  listen: 127.0.0.1:${port}
  redis: true
  hash: fnv1a_64
  distribution: ketama
  auto_eject_hosts: false
  preconnect: true
  backlog: 1024
  server_connections: 1
  servers:
   - 127.0.0.1:${primary}:1 primary
`;
}

/** Sentinel gives: name, role, state, from-ip, from-port, to-ip, to-port. One of the three calls it as the leader. */
function switchScript({ config, pid, log }: Paths, statsPort: number): string {
  return `#!/bin/sh
[ "$2" = leader ] || exit 0
sed -i "s/127.0.0.1:[0-9]*:1 primary/127.0.0.1:$7:1 primary/" ${config}
if [ -f ${pid} ]; then
  old=$(cat ${pid})
  kill "$old" 2>/dev/null
  while kill -0 "$old" 2>/dev/null; do sleep 0.01; done
fi
exec nutcracker -d -c ${config} -p ${pid} -o ${log} -s ${statsPort} -a 127.0.0.1 -m 16384
`;
}

function startProxy({ script, log }: Paths, primary: number): void {
  const { exitCode } = Bun.spawnSync([script, "bench", "leader", "start", "-", "-", "127.0.0.1", String(primary)]);
  if (exitCode !== 0) throw new Error(`nutcracker did not start: ${readFileSync(log, "utf8").slice(-500)}`);
}

async function stopProxy({ pid }: Paths): Promise<void> {
  const read = () => Number(readFileSync(pid, "utf8"));
  try {
    process.kill(read(), "SIGTERM");
    await until("nutcracker has ended", () => !process.kill(read(), 0));
  } catch {
    // It has not been started, or is gone.
  }
}
