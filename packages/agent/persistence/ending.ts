/**
 * The last snapshot of a life that ends because it is asked to. The engine writes it and ends, which may take longer than its
 * agent lives: what the agent knows of it is on disk before, so that the next one can seal the file.
 *
 * Invariant: a file that is there with a note of an ending was written by that ending: there was none when the note was made,
 * and the engine renames it when it is whole.
 */
import { existsSync, rmSync } from "node:fs";
import type { ReplicationObserved } from "@larder/api";
import { type Clock, readJsonFile, writeFileAtomic } from "@larder/service";
import { type EngineConnection, EngineRefused } from "../engine/ask.ts";
import { positionOf } from "./engine-facts.ts";
import type { KeepingPaths } from "./node-keeping.ts";
import type { Saving } from "./snapshot-taker.ts";

export interface Ending {
  seen: ReplicationObserved | null;
  isAofOn: boolean;
  isAlive: () => Promise<boolean>;
  paths: KeepingPaths;
  clock: Clock;
}

/** How long it is waited for. */
const saveMaxMs = 600_000;
const savePollMs = 20;

/** Resolves when the engine has ended, refuses to, or takes too long. */
export async function endBySaving(connection: EngineConnection, ending: Ending): Promise<void> {
  const { seen, isAofOn, isAlive, paths, clock } = ending;
  // An engine in the middle of the first rewrite of its append-only files does not end.
  if (isAofOn) await connection.ask("CONFIG", "SET", "appendonly", "no");
  rmSync(paths.dumpPath, { force: true });
  // Nothing is written between the two.
  const facts = await connection.infoBehind([["CLIENT", "PAUSE", String(saveMaxMs), "WRITE"]], "replication");
  const saving: Saving = {
    position: positionOf(seen, facts),
    startedAtMs: clock.nowMs(),
    startedMonotonicMs: clock.monotonicMs(),
  };
  writeFileAtomic(paths.endingPath, JSON.stringify(saving));
  const obeys = await endsBySave(connection);
  const untilMs = saving.startedMonotonicMs + saveMaxMs;
  while (obeys && clock.monotonicMs() < untilMs && (await isAlive())) await clock.sleep(savePollMs);
}

/** What is to be sealed; undefined: nothing. It is so once only. */
export function takeEnding(paths: KeepingPaths): Saving | undefined {
  let saving: Saving | undefined;
  try {
    saving = readJsonFile<Saving>(paths.endingPath);
  } catch {
    saving = undefined;
  }
  rmSync(paths.endingPath, { force: true });
  return existsSync(paths.dumpPath) ? saving : undefined;
}

/** An engine that obeys closes the connection instead of answering; one that saves for long answers nothing. */
async function endsBySave(connection: EngineConnection): Promise<boolean> {
  try {
    await connection.ask("SHUTDOWN", "SAVE");
    return true;
  } catch (error) {
    return !(error instanceof EngineRefused);
  }
}
