/**
 * Where in a node's folder its data is kept.
 *
 *   engine.rdb          what the engine writes, and loads at its start. By itself it is of no worth: a replica that died
 *                       while it was copied to leaves one, too
 *   snapshots/7.rdb     a snapshot that the agent has sealed, and
 *   snapshots/7.json    what it knows of it; only both together are a snapshot
 *   appendonlydir/      the engine's append-only files
 *   appendonly.json     up to where they were written, when it was looked at last; without it they do not count
 *   appendonlydir.before/, appendonly.before.json   what both were before a copy from storage took their place: until that is loaded
 *   unreadable/         what could not be loaded
 *   ending.json         what is to be sealed of an engine that was told to save and end
 *   copied.json         which snapshot was copied to storage last, and to which
 */
import { join } from "node:path";

export interface KeepingPaths {
  directory: string;
  dumpPath: string;
  snapshotsDirectory: string;
  aofDirectory: string;
  aofNotePath: string;
  aofBeforeDirectory: string;
  aofBeforeNotePath: string;
  unreadableDirectory: string;
  endingPath: string;
  copiedPath: string;
}

export const dumpName = "engine.rdb";
/** The engine's own name for it. */
const aofDirectoryName = "appendonlydir";

export function keepingPaths(directory: string): KeepingPaths {
  return {
    directory,
    dumpPath: join(directory, dumpName),
    snapshotsDirectory: join(directory, "snapshots"),
    aofDirectory: join(directory, aofDirectoryName),
    aofNotePath: join(directory, "appendonly.json"),
    aofBeforeDirectory: join(directory, `${aofDirectoryName}.before`),
    aofBeforeNotePath: join(directory, "appendonly.before.json"),
    unreadableDirectory: join(directory, "unreadable"),
    endingPath: join(directory, "ending.json"),
    copiedPath: join(directory, "copied.json"),
  };
}
