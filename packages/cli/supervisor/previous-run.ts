/**
 * The daemons of a run whose supervisor was killed. They end by themselves as soon as they notice, but for a moment they
 * still hold the ports. Nothing is killed here: the ids come from a file and may belong to others by now, so that each is
 * asked for its command line first, and then only waited for.
 */
import { existsSync, readFileSync } from "node:fs";
import type { ConnectionFile } from "@larder/api/connection-file";
import type { Clock } from "../clock.ts";
import { isAlive } from "../process-alive.ts";
import { daemonNames } from "./daemon-plan.ts";

const waitMsMax = 8_000;
const pollMs = 20;

export async function waitForPreviousRun(connectionPath: string, clock: Clock): Promise<void> {
  const pids = readPids(connectionPath).filter(isDaemon);
  const giveUpMs = clock.monotonicMs() + waitMsMax;
  while (pids.some(isAlive) && clock.monotonicMs() < giveUpMs) await clock.sleep(pollMs);
}

function readPids(path: string): number[] {
  try {
    const { pids } = JSON.parse(readFileSync(path, "utf8")) as ConnectionFile;
    return daemonNames.flatMap((name) => pids[name]);
  } catch {
    return [];
  }
}

function isDaemon(pid: number): boolean {
  if (!isAlive(pid)) return false;
  return /packages\/(controller|agent|gateway)\/main\.ts/.test(commandLineOf(pid));
}

/** From /proc where there is one, as small Linux machines have no `ps`. */
function commandLineOf(pid: number): string {
  try {
    if (existsSync("/proc/self/cmdline")) return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    return Bun.spawnSync(["ps", "-ww", "-o", "command=", "-p", String(pid)]).stdout.toString();
  } catch {
    return "";
  }
}
