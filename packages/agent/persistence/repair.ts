/** Takes what cannot be read out of the way, and leaves what can. */
import { readdirSync, renameSync, rmSync } from "node:fs";
import type { EngineFound } from "@larder/api";
import { manifestPath } from "./append-only-files.ts";
import type { Source } from "./beginning.ts";
import { repairAof } from "./damage.ts";
import type { KeepingPaths } from "./node-keeping.ts";
import { forgetNote } from "./snapshots.ts";
import { copyFolder, setAside } from "./unreadable.ts";

interface Damage {
  engine: EngineFound;
  paths: KeepingPaths;
  reason: string;
  nowMs: number;
}

export async function keepAside(source: Source, damage: Damage): Promise<void> {
  const { paths } = damage;
  if (source.kind === "aof") return keepAofAside(damage);
  setAside(paths, source.path, damage);
  forgetNote(paths, source.number);
}

/** All of it is kept aside. What can be read up to the damage stays, with the note, which counts by the bytes that are left. */
async function keepAofAside({ engine, paths, reason, nowMs }: Damage): Promise<void> {
  const there = setAside(paths, paths.aofDirectory, { reason, nowMs });
  const repaired = `${paths.aofDirectory}.repaired`;
  rmSync(repaired, { recursive: true, force: true });
  const increments = readdirSync(there).filter((name) => name.endsWith(".incr.aof"));
  const last = increments.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  copyFolder(there, repaired, (name) => name === last);
  const manifest = manifestPath(repaired);
  if (manifest !== undefined && (await repairAof(engine, manifest))) renameSync(repaired, paths.aofDirectory);
  else rmSync(repaired, { recursive: true, force: true });
}
