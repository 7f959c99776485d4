/** How busy CPUs and threads are, from Linux's /proc. Its ticks are of 10 ms: take differences over some tenths of a second. */
import { readFileSync } from "node:fs";
import type { CpuShares } from "./placement.ts";

/** USER_HZ: fixed at 100 in the kernel's interface to programs. */
const ticksPerSecond = 100;

/** Ticks since the start. */
export interface Usage {
  /** By CPU number: what was not idle. */
  busy: ReadonlyMap<number, number>;
  /** Of the threads that were asked for, together. */
  own: number;
}

/** Of these CPUs, and these threads; those that are gone count nothing. */
export function readUsage(cpus: readonly number[], threads: Iterable<number>): Usage {
  let own = 0;
  for (const thread of threads) own += threadTicks(thread);
  const busy = parseCpuTicks(readFileSync("/proc/stat", "utf8"));
  return { busy: new Map([...busy].filter(([cpu]) => cpus.includes(cpu))), own };
}

/** Of the lines `cpuN user nice system idle iowait irq softirq steal …`. */
export function parseCpuTicks(stat: string): Map<number, number> {
  const lines = [...stat.matchAll(/^cpu(\d+) (.*)$/gm)];
  return new Map(
    lines.map(([, cpu, text = ""]) => {
      const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = text.split(" ").map(Number);
      return [Number(cpu), user + nice + system + irq + softirq + steal];
    }),
  );
}

/** Of a process it is the main thread alone: what its other threads do is not placed. */
function threadTicks(thread: number): number {
  try {
    return parseThreadTicks(readFileSync(`/proc/${thread}/task/${thread}/stat`, "utf8"));
  } catch {
    return 0;
  }
}

/** The second field is the name in parentheses and may hold blanks and parentheses; state, field 3, follows the last of them. */
export function parseThreadTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[14 - 3]) + Number(fields[15 - 3]);
}

/** Shares of one CPU's time between two readings that are `ms` apart. */
export function sharesBetween(before: Usage, after: Usage, ms: number): CpuShares {
  const ticks = (ms / 1000) * ticksPerSecond;
  const busy = [...after.busy].map(
    ([cpu, now]) => [cpu, Math.min(1, (now - (before.busy.get(cpu) ?? now)) / ticks)] as const,
  );
  // An engine that has ended takes its ticks with it.
  return { busy: new Map(busy), own: Math.max(0, after.own - before.own) / ticks };
}
