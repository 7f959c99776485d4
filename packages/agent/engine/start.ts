/**
 * Makes an engine process. It gets a session of its own and no pipe of ours: neither a terminal's signals nor the
 * agent's death reach it. Its standard output and error go to the log in its folder.
 */
import { spawn } from "node:child_process";
import { chmodSync, closeSync, openSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type EngineFound, LarderError, type NodeSpec } from "@larder/api";
import { type NodePaths, prepareFolder, readLogTail } from "../node-folder.ts";
import type { Source } from "../persistence/beginning.ts";
import { configureNative } from "./configure.ts";
import { problemOfDeath } from "./death.ts";
import { configureEmbedded } from "./embedded-settings.ts";
import { identifyProcess, type ProcessIdentity } from "./process.ts";
import type { ReplicationPlace } from "./replication-settings.ts";

export interface StartOptions {
  spec: NodeSpec;
  engine: EngineFound;
  nodePath: string | null;
  paths: NodePaths;
  /** null for a node that only its own host reaches. */
  place: ReplicationPlace | null;
  /** What is loaded; null: it begins empty. */
  source: Source | null;
  /** Called once, when the process ends. */
  onExit: () => void;
}

const embeddedHostPath = fileURLToPath(new URL("embedded-host.mjs", import.meta.url));

/** Writes the settings and starts the process; it does not answer yet. Throws EngineStartFailed or EngineNotAvailable. */
export async function startEngine(options: StartOptions): Promise<ProcessIdentity> {
  const { spec, engine, paths, place, source } = options;
  prepareFolder(paths, source);
  const command = engine.kind === "native" ? [engine.path, paths.configPath] : embeddedCommand(options);
  writeSecret(
    paths.configPath,
    engine.kind === "native"
      ? configureNative(spec, engine, paths, place, source)
      : JSON.stringify(configureEmbedded(spec, paths)),
  );
  const pid = spawnDetached(command, options);
  if (pid === undefined) throw new LarderError("EngineStartFailed", `${command[0]} could not be run.`);
  const identity = await identifyProcess(pid);
  if (identity !== undefined) return identity;
  const { code, message } = problemOfDeath(readLogTail(paths));
  throw new LarderError(code, message);
}

function embeddedCommand({ nodePath, paths }: StartOptions): string[] {
  if (nodePath === null) throw new LarderError("EngineNotAvailable", "There is no Node for the embedded engine.");
  return [nodePath, "--no-warnings", embeddedHostPath, paths.configPath];
}

function spawnDetached(command: readonly string[], { paths, onExit }: StartOptions): number | undefined {
  const log = openSync(paths.logPath, "a", 0o600);
  try {
    const child = spawn(command[0] ?? "", command.slice(1), {
      cwd: paths.directory,
      detached: true,
      // Nothing of the agent's own: no secrets, no options for Node, and one order of strings on every host.
      env: {},
      stdio: ["ignore", log, log],
    });
    // A program that cannot be run has no pid, which the caller sees.
    child.on("error", () => {});
    child.once("exit", onExit);
    child.unref();
    return child.pid;
  } finally {
    closeSync(log);
  }
}

function writeSecret(path: string, content: string): void {
  writeFileSync(path, content, { mode: 0o600 });
  chmodSync(path, 0o600);
}
