/**
 * `larder agent`: this machine as a host of a service elsewhere, in the foreground. The daemon's log is on standard error. A
 * signal ends the agent and leaves its engines running, for the next one.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ErrorCode, errorTable, LarderError } from "@larder/api/errors";
import { CommandError } from "../failure.ts";
import { ensureSocketDirectory } from "../supervisor/socket-directory.ts";
import { systemTerminal } from "../terminal.ts";

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
  if (given.join === undefined && !existsSync(join(agentDirectory, "identity/identity.json")))
    throw new CommandError(
      "ConfigInvalid",
      "This machine is not a host of any service yet.",
      "`larder host add` on the controller's machine prints what to run here",
    );
  process.exitCode = await run([
    ...flag("data-dir", agentDirectory),
    ...flag("socket-dir", ensureSocketDirectory(dataDirectory)),
    ...flag("join", given.join),
    ...flag("token-file", given.tokenFile && resolve(given.tokenFile)),
    ...flag("address", given.address),
    ...flag("zone", given.zone),
    ...flag("name", given.name),
    ...flag("engine", given.engine),
    ...flag("engine-path", given.enginePath && resolve(given.enginePath)),
  ]);
}

function flag(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`--${name}`, value];
}

/** Returns the exit status. Throws what the agent says that is wrong. */
async function run(args: string[]): Promise<number> {
  const child = Bun.spawn([process.execPath, "--no-env-file", program, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  // Ctrl-C reaches both; the other signals may come to this process alone.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill("SIGTERM"));
  const text = await readLines(child.stdout, (line) => {
    const { err, errColors } = systemTerminal();
    if (line === "ready")
      err(`${errColors.green("The agent is ready.")} ${errColors.dim("Ctrl-C ends it; its engines run on.")}\n`);
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
