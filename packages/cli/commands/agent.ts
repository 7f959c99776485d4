/**
 * `larder agent`: this machine as a host of a service elsewhere, in the foreground. A signal ends the agent and leaves its
 * engines running, for the next one; but where there is no terminal that could hang up, SIGHUP makes it look again which
 * engines there are. Its log goes to standard error, for a service manager, or to a file where a person looks at that.
 */
import { existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isatty } from "node:tty";
import { type ErrorCode, errorTable, LarderError } from "@larder/api/errors";
import { CommandError } from "../failure.ts";
import { rotateLog } from "../supervisor/log-file.ts";
import { ensureSocketDirectory } from "../supervisor/socket-directory.ts";
import { type Colors, systemTerminal } from "../terminal.ts";

const program = join(import.meta.dirname, "../../agent/main.ts");

export interface AgentArguments {
  dataDir: string;
  join?: string;
  tokenFile?: string;
  address?: string;
  zone?: string;
  name?: string;
  engine: string;
  enginePath?: string;
}

export async function agent(given: AgentArguments): Promise<void> {
  const dataDirectory = resolve(given.dataDir);
  const agentDirectory = join(dataDirectory, "agent");
  const identityPath = join(agentDirectory, "identity/identity.json");
  if (given.join === undefined && !existsSync(identityPath))
    throw new CommandError(
      "ConfigInvalid",
      "This machine is not a host of any service yet.",
      "`larder host add` on the controller's machine prints what to run here",
    );
  const terminal = systemTerminal();
  const logPath = terminal.isErrTerminal ? makeLog(dataDirectory) : undefined;
  const args = [
    ...flag("data-dir", agentDirectory),
    ...flag("socket-dir", ensureSocketDirectory(dataDirectory)),
    ...flag("join", given.join),
    ...flag("token-file", given.tokenFile && resolve(given.tokenFile)),
    ...flag("address", given.address),
    ...flag("zone", given.zone),
    ...flag("name", given.name),
    ...flag("engine", given.engine),
    ...flag("engine-path", given.enginePath && resolve(given.enginePath)),
  ];
  process.exitCode = await run(args, logPath, () =>
    terminal.err(formatReady(identityPath, logPath, terminal.errColors)),
  );
}

/** Throws DataDirectoryUnusable. */
function makeLog(dataDirectory: string): string {
  const path = join(dataDirectory, "logs/agent.log");
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new LarderError("DataDirectoryUnusable", `${dirname(path)} cannot be made.`, { cause });
  }
  rotateLog(path);
  return path;
}

function formatReady(identityPath: string, logPath: string | undefined, colors: Colors): string {
  const { name, address, controllerUrl } = JSON.parse(readFileSync(identityPath, "utf8")) as Record<string, string>;
  const log = logPath === undefined ? "" : `  ${colors.dim("Log ")} ${logPath}\n`;
  return (
    `${colors.green(colors.bold(`${name} is a host`))} of the service at ${controllerUrl}, with the address ${address}.\n${log}` +
    `${colors.dim("Ctrl-C ends the agent; its engines run on.")}\n`
  );
}

function flag(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`--${name}`, value];
}

/** Returns the exit status. Throws what the agent says that is wrong. */
async function run(args: string[], logPath: string | undefined, onReady: () => void): Promise<number> {
  const child = Bun.spawn([process.execPath, "--no-env-file", program, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: logPath === undefined ? "inherit" : openSync(logPath, "a", 0o600),
  });
  // Ctrl-C reaches both; the other signals may come to this process alone.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const onHangUp = isatty(0) ? "SIGTERM" : "SIGHUP";
  process.on("SIGHUP", () => child.kill(onHangUp));
  const text = await readLines(child.stdout, (line) => {
    if (line === "ready") onReady();
  });
  const status = await child.exited;
  const error = parseError(text);
  if (error !== undefined) throw error;
  return status;
}

/** Returns the last line. */
async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<string> {
  const decoder = new TextDecoder();
  let pending = "";
  let last = "";
  for await (const chunk of stream) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) onLine(line);
    last = lines.at(-1) ?? last;
  }
  return last;
}

function parseError(line: string): LarderError | undefined {
  if (!line.startsWith("{")) return undefined;
  const { error } = JSON.parse(line) as { error?: { code: string; message: string } };
  if (error === undefined || !(error.code in errorTable)) return undefined;
  return new LarderError(error.code as ErrorCode, error.message);
}
