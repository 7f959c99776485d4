/** Daemons' logs grow while they run; at a start, a large one makes room and is kept as `<name>.log.1`. */
import { renameSync, statSync } from "node:fs";

const logBytesMax = 10 * 1024 * 1024;

export function rotateLog(path: string, bytesMax = logBytesMax): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > bytesMax) renameSync(path, `${path}.1`);
}
