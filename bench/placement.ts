/** On which CPUs a target's processes may run. */
import { allowCpus, allowedCpus } from "../packages/gateway/cpu/affinity.ts";
import type { Target } from "./targets.ts";

/** Engines are shared by several targets: to be called before each run. */
export function place({ isOnOneCpu, proxyPids, enginePid }: Target): void {
  const all = allowedCpus(process.pid);
  if (isOnOneCpu === null || all === null) return;
  for (const pid of [...proxyPids, enginePid]) allowCpus(pid, isOnOneCpu ? all.slice(0, 1) : all);
}
