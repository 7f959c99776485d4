/**
 * Ends an engine process: it is asked, then told, then killed, each with a bound. Only ever the very process that is
 * meant. Nothing is saved.
 */
import type { EngineUser } from "@larder/api";
import type { Clock } from "@larder/service";
import { EngineConnection, EngineUnreachable } from "./ask.ts";
import { isAlive, type ProcessIdentity, signalProcess } from "./process.ts";

export interface StopOptions {
  process: ProcessIdentity;
  socketPath: string;
  /** null when nobody knows how to log in. */
  user: Pick<EngineUser, "name" | "password"> | null;
  clock: Clock;
}

const stepMs = 2_000;
const pollMs = 5;

/** Returns whether the process is gone; false is possible only for one that the kernel will not end. Idempotent. */
export async function stopEngine(options: StopOptions): Promise<boolean> {
  const { clock } = options;
  const obeys = await Promise.race([askToShutDown(options), clock.sleep(stepMs).then(() => false)]);
  if (obeys && (await isGoneInTime(options))) return true;
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!(await signalProcess(options.process, signal))) return true;
    if (await isGoneInTime(options)) return true;
  }
  return false;
}

/** An engine that obeys closes the connection instead of answering. */
async function askToShutDown({ socketPath, user }: StopOptions): Promise<boolean> {
  if (user === null) return false;
  let connection: EngineConnection | undefined;
  try {
    connection = await EngineConnection.open(socketPath, user);
    await connection.ask("SHUTDOWN", "NOSAVE");
    return false;
  } catch (error) {
    return connection !== undefined && error instanceof EngineUnreachable;
  } finally {
    connection?.close();
  }
}

async function isGoneInTime({ clock, process }: StopOptions): Promise<boolean> {
  for (const end = clock.monotonicMs() + stepMs; clock.monotonicMs() < end; await clock.sleep(pollMs))
    if (!(await isAlive(process))) return true;
  return false;
}
