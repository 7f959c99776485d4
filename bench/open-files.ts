/** How many files a process may have open. Bun raises its own limit to the hard one when it starts, so that is what counts. */
import { readFileSync } from "node:fs";

export function openFilesMax(pid: number): number {
  const limit = /^Max open files\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1] ?? "";
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

/** Throws, and says how to raise it, when the process may open too few for that many connections. */
export function requireOpenFiles(process: { name: string; pid: number }, connections: number): void {
  const needed = connections + 500;
  const max = openFilesMax(process.pid);
  if (max >= needed) return;
  throw new Error(
    `The ${process.name} may open ${max} files, fewer than ${connections} connections need. Raise it: ulimit -n ${needed}.`,
  );
}
