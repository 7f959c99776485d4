/**
 * Structured logs: JSON lines on standard error, a constant message and fixed fields (`cacheId nodeId epoch code
 * durationMs`). `error` means that a person must act. Never keys, values or secrets.
 */
import pino from "pino";

export type Log = pino.Logger;

export function createLog(daemon: string, level: string): Log {
  return pino(
    { name: daemon, level, base: { daemon, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}
