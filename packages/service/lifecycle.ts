/**
 * The life of a daemon's process, the same for controller, agent and gateway.
 *
 *   start      parse the configuration, call `start`, print `ready` on standard output
 *   failure    print one JSON line `{"error":{"code","message"}}` on standard output, exit with the code's status
 *   end        when it cannot go on by its own account: print the same line, stop as if asked, exit with the code's status
 *   stop       on SIGTERM or SIGINT ("signal"); with --supervised also on a line `stop` on standard input ("asked")
 *              and at its end, which means that the supervisor died ("orphaned"). SIGINT is then ignored: a terminal
 *              sends it to the whole group, and the supervisor decides the order.
 *
 * Standard output carries only those lines. Logs go to standard error.
 */
import { errorTable, LarderError } from "@larder/api";
import { type ConfigTable, type ConfigValues, parseConfig } from "./config.ts";
import { createLog, type Log } from "./log.ts";

/** "asked" by the supervisor, which stops the whole service; "orphaned" by its death; or a "signal" to this process. */
export type StopReason = "asked" | "orphaned" | "signal";

export interface Started {
  stop(reason: StopReason): Promise<void>;
  /** Resolves with the reason when no restart could help. */
  readonly ended?: Promise<LarderError>;
}

export const daemonOptions = {
  supervised: { type: "boolean", default: false, text: "Obey the supervisor on standard input." },
  "log-level": {
    type: "choice",
    default: "info",
    choices: ["trace", "debug", "info", "warn", "error"],
    text: "The least level that is logged.",
  },
} as const satisfies ConfigTable;

/** The longest that a daemon may take to stop; past it the process exits anyway. */
const stopTimeoutMs = 10_000;

export async function runDaemon<const T extends ConfigTable>(daemon: {
  name: string;
  table: T;
  start(config: ConfigValues<T & typeof daemonOptions>, log: Log): Promise<Started>;
}): Promise<void> {
  let log: Log | undefined;
  try {
    const config = parseConfig(
      { ...daemon.table, ...daemonOptions },
      process.argv.slice(2),
      process.env,
    ) as ConfigValues<T & typeof daemonOptions>;
    log = createLog(daemon.name, config["log-level"] as string);
    const started = await daemon.start(config, log);
    stopOn(started, config.supervised as boolean, log);
    process.stdout.write("ready\n");
    log.info("ready");
  } catch (error) {
    const known =
      error instanceof LarderError
        ? error
        : new LarderError("InternalError", "The daemon failed to start.", { cause: error });
    log?.error({ code: known.code, err: error }, "start failed");
    printError(known);
    process.exit(errorTable[known.code].exit);
  }
}

function printError({ code, message }: LarderError): void {
  process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
}

function stopOn(started: Started, supervised: boolean, log: Log): void {
  let stopping = false;
  const stop = (reason: StopReason, exitStatus = 0) => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, "stopping");
    setTimeout(() => process.exit(1), stopTimeoutMs).unref();
    started.stop(reason).then(
      () => process.exit(exitStatus),
      (error) => {
        log.error({ err: error }, "stop failed");
        process.exit(1);
      },
    );
  };
  void started.ended?.then((error) => {
    printError(error);
    stop("asked", errorTable[error.code].exit);
  });
  process.on("SIGTERM", () => stop("signal"));
  process.on("SIGINT", () => {
    if (!supervised) stop("signal");
  });
  if (!supervised) return;
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (text: string) => {
    if (text.includes("stop")) stop("asked");
  });
  process.stdin.on("end", () => stop("orphaned"));
}
