/**
 * Which engines are on this host. The programs are asked all at the same time, as the agent's start waits for it: for
 * their versions, and whether they have TLS. Programs that do not answer, or are not of a version that Larder runs, are
 * left out.
 */
import { execFile } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { compareByPreference, type EngineFound, type EngineKind, LarderError } from "@larder/api";
import { embedded } from "./embedded-settings.ts";
import { ProgramMemory } from "./program-memory.ts";
import { isSupported, parseVersion, supportedText } from "./version.ts";

export interface FindOptions {
  engineKind: "auto" | EngineKind;
  /** The operator's own program; then no other native one is looked for. */
  enginePath: string | undefined;
  /** The PATH variable. */
  searchPath: string;
}

export interface Engines {
  /** Preferred first; the embedded one is last. */
  found: EngineFound[];
  /** The Node program that runs the embedded engine; null where that is not to be had. */
  nodePath: string | null;
}

/** Where daemons are put that an ordinary user's PATH leaves out. */
const moreDirectories = ["/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/sbin", "/opt/homebrew/bin"];
const answerTimeoutMs = 5_000;
const execute = promisify(execFile);

/**
 * Asks only the programs that the memory does not know. Throws EngineNotAvailable when a given --engine-path is no engine
 * that Larder runs.
 */
export async function findEngines(options: FindOptions, memory = new ProgramMemory()): Promise<Engines> {
  const [native, nodePath] = await Promise.all([
    options.engineKind === "embedded" ? [] : findNative(options, memory),
    options.engineKind === "native" ? null : findNode(options.searchPath, memory),
  ]);
  return { found: nodePath === null ? native : [...native, embeddedFound()], nodePath };
}

/** The error for a host with no engine: one clear sentence. */
export function noEngineError(engineKind: "auto" | EngineKind): LarderError {
  const node = `node ${embedded.nodeMajorMin} or newer`;
  const message = {
    native: `No native engine was found: install ${supportedText}, or name one with --engine-path.`,
    embedded: `The embedded engine needs ${node} on the PATH.`,
    auto: `No engine was found: install ${supportedText}, or put ${node} on the PATH for the embedded engine.`,
  }[engineKind];
  return new LarderError("EngineNotAvailable", message);
}

function embeddedFound(): EngineFound {
  return {
    name: embedded.name,
    version: embedded.version,
    kind: "embedded",
    path: embedded.packageName,
    memoryBytesMax: embedded.memoryBytesMax,
    hasTls: false,
  };
}

async function findNative(options: FindOptions, memory: ProgramMemory): Promise<EngineFound[]> {
  if (options.enginePath !== undefined) return [await requireNative(options.enginePath, memory)];
  const directories = [...options.searchPath.split(delimiter), ...moreDirectories];
  const paths = programsIn(directories, ["valkey-server", "redis-server"]);
  const found = (await Promise.all(paths.map((path) => memory.ask(path, identify)))).filter(
    (engine) => engine !== undefined,
  );
  return withoutAliases(found.filter(isSupported)).sort(compareByPreference);
}

/** Valkey's packages may install it under Redis's name too. */
function withoutAliases(engines: readonly EngineFound[]): EngineFound[] {
  const keyOf = (engine: EngineFound) => `${realpathSync(engine.path)} ${engine.name} ${engine.version}`;
  return [...new Map(engines.toReversed().map((engine) => [keyOf(engine), engine])).values()];
}

async function requireNative(path: string, memory: ProgramMemory): Promise<EngineFound> {
  const engine = await memory.ask(path, identify);
  if (engine === undefined)
    throw new LarderError("EngineNotAvailable", `${path} is not a valkey-server or redis-server that runs here.`);
  if (!isSupported(engine))
    throw new LarderError(
      "EngineNotAvailable",
      `${path} is ${engine.name} ${engine.version}; Larder runs ${supportedText}.`,
    );
  return engine;
}

async function identify(path: string): Promise<EngineFound | undefined> {
  const [text, hasTls] = await Promise.all([output(path, ["--version"]), knowsTls(path)]);
  const version = parseVersion(text ?? "");
  return version && { ...version, kind: "native", path, memoryBytesMax: null, hasTls };
}

/**
 * An engine ends at the first line of its configuration that it does not know, and names it, before it opens or writes
 * anything. The second line here is known to none. Tried on Valkey 8.0.1 and Redis 7.0.15.
 */
function knowsTls(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = execFile(path, ["-"], { timeout: answerTimeoutMs }, (_, __, complaint) =>
      resolve(complaint.includes(">>> 'larder-ends-here'")),
    );
    // A program that does not read it is no engine.
    asked.stdin?.on("error", () => {}).end("tls-port 0\nlarder-ends-here\n");
  });
}

/** The first Node on the PATH that can run the embedded engine. Bun also answers to the name, and cannot. */
async function findNode(searchPath: string, memory: ProgramMemory): Promise<string | null> {
  const paths = programsIn([...searchPath.split(delimiter), ...moreDirectories], ["node"]);
  const print = `process.stdout.write(process.versions.bun ? "" : process.versions.node)`;
  const versions = await Promise.all(paths.map((path) => memory.ask(path, () => output(path, ["-e", print]))));
  return paths.find((_, index) => Number.parseInt(versions[index] ?? "", 10) >= embedded.nodeMajorMin) ?? null;
}

/** Executable files of these names, in the order of the folders; each real file once, by the first name for it. */
function programsIn(directories: readonly string[], names: readonly string[]): string[] {
  const byRealPath = new Map<string, string>();
  for (const directory of directories) {
    if (directory === "") continue;
    for (const name of names) {
      const path = join(directory, name);
      const key = executableKey(path, name);
      if (key !== undefined && !byRealPath.has(key)) byRealPath.set(key, path);
    }
  }
  return [...byRealPath.values()];
}

/** The name counts too: one file may be another program under another name, as redis-check-rdb and redis-server are. */
function executableKey(path: string, name: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return `${realpathSync(path)} as ${name}`;
  } catch {
    return undefined;
  }
}

async function output(path: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await execute(path, [...args], { timeout: answerTimeoutMs, encoding: "utf8" })).stdout;
  } catch {
    return undefined;
  }
}
