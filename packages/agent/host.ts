/** The machine as the agent sees it: a lasting id, and how much memory and which CPUs it may use. */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { type Randomness, writeFileAtomic } from "@larder/service";

/** Made at the first start, then kept in the data directory. */
export function ensureHostId(dataDirectory: string, randomness: Randomness): string {
  const path = join(dataDirectory, "host-id");
  const known = readText(path)?.trim();
  if (known !== undefined && known !== "") return known;
  const hostId = randomness.uuid();
  writeFileAtomic(path, `${hostId}\n`);
  return hostId;
}

/** The machine's memory, or the limit of the agent's control group where that is less (Linux). */
export function hostMemoryBytes(): number {
  const limits = cgroupLimitFiles(readText("/proc/self/cgroup") ?? "").map((path) => Number(readText(path) ?? "max"));
  return Math.min(totalmem(), ...limits.filter((limit) => limit > 0));
}

/** The CPUs that this process may use, as "0-3,8"; null where the system does not tell (Linux does). */
export function allowedCpus(): string | null {
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(readText("/proc/self/status") ?? "")?.[1] ?? null;
}

/**
 * The files that may limit a process, from its /proc/self/cgroup: those of its group and of every group above, for both
 * versions of control groups. In a container the upper ones are seen at the root, whatever the path says.
 */
export function cgroupLimitFiles(procSelfCgroup: string): string[] {
  return procSelfCgroup.split("\n").flatMap((line) => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) return [];
    const groups = ancestors(match[2]);
    if (match[1] === "") return groups.map((group) => join("/sys/fs/cgroup", group, "memory.max"));
    if (!match[1].split(",").includes("memory")) return [];
    return groups.map((group) => join("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
  });
}

/** "/a/b" → "/a/b", "/a", "/". */
function ancestors(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return [...parts.map((_, index) => `/${parts.slice(0, parts.length - index).join("/")}`), "/"];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
