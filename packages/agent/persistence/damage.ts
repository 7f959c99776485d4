/**
 * Whether what an engine could not load is damaged, by the engine's own check: the same program under another name. One that
 * died while it loaded may as well have been killed, or have had too little memory: then the file stays.
 */
import { spawn } from "node:child_process";
import type { EngineFound } from "@larder/api";
import { manifestPath } from "./append-only-files.ts";
import type { Source } from "./beginning.ts";
import type { KeepingPaths } from "./node-keeping.ts";

/** What engines say at their end when append-only files are at fault: their check also rejects a tail that they would drop. */
const aofFault = /append only file|AOF/i;
const reasonMax = 300;

/** Why it cannot be read; undefined: it can. */
export async function damageOf(
  source: Source,
  { engine, paths, logTail }: { engine: EngineFound; paths: KeepingPaths; logTail: string },
): Promise<string | undefined> {
  if (source.kind === "snapshot") return check(engine, "rdb", [source.path]);
  const manifest = manifestPath(paths.aofDirectory);
  const isAtFault = logTail.split("\n").some((line) => / # /.test(line) && aofFault.test(line));
  if (manifest === undefined || !isAtFault) return undefined;
  return check(engine, "aof", [manifest]);
}

/** Cuts off what comes after the damage, where that is in the last file. Returns whether the files can be read now. */
export async function repairAof(engine: EngineFound, manifest: string): Promise<boolean> {
  await check(engine, "aof", ["--fix", manifest]);
  return (await check(engine, "aof", [manifest])) === undefined;
}

function check({ name, path }: EngineFound, what: "rdb" | "aof", args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(path, [...args], { argv0: `${name}-check-${what}`, env: {}, stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said = `${said}${text}`.slice(-16 * reasonMax);
      });
    // A check that cannot be made says nothing against the file.
    child.on("error", () => resolve(undefined));
    child.on("close", (status) => resolve(status === 1 ? reasonIn(said) : undefined));
    child.stdin.on("error", () => {});
    child.stdin.end("y\n");
  });
}

function reasonIn(said: string): string {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const line =
    lines.find((one) => /error|wrong|mismatch|expected|unexpected|not valid|bad /i.test(one)) ?? lines.at(-1);
  return (line ?? "It is damaged.").trim().slice(0, reasonMax);
}
