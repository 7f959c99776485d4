/** `npm run bench data`: cache data that comes in, goes out, moves and stays, beside what engines and their tools do themselves. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Choices, parsePartChoices } from "../client/choices.ts";
import type { PartResult } from "../client/part.ts";
import { goalTables } from "../goal-tables.ts";
import { describeMachine, type Machine, machineText } from "../machine.ts";
import { writeResult } from "../result.ts";
import { exportFile } from "./export.ts";
import { importFile } from "./import.ts";
import { killedEngines } from "./killed.ts";
import { migration } from "./migration/migration.ts";
import type { DataContext, DataPart } from "./part.ts";
import { rdbParse } from "./rdb-parse.ts";
import { type SavedFile, saveFile } from "./saved-file.ts";
import { smallKeyCommands } from "./small-keys.ts";

const parts = {
  "rdb-parse": rdbParse,
  import: importFile,
  export: exportFile,
  migration,
  killed: killedEngines,
} as const satisfies Record<string, DataPart>;

type PartName = keyof typeof parts;

const smallKeys = { full: 10_000_000, quick: 1_000_000 };

export function parseChoices(args: readonly string[]): Choices<PartName> | undefined {
  return parsePartChoices(args, { bench: "data", all: Object.keys(parts) as PartName[] });
}

/** Whether all goals are met. */
export async function benchData(choices: Choices<PartName>, signal: AbortSignal): Promise<boolean> {
  const machine = await describeMachine([{ name: "valkey-server", command: ["valkey-server", "--version"] }]);
  const directory = mkdtempSync(join(tmpdir(), "larder-bench-data-"));
  const results: PartResult[] = [];
  try {
    const context = contextOf(directory, choices.isQuick, signal);
    for (const name of choices.parts) {
      signal.throwIfAborted();
      console.error(`${name} …`);
      results.push(await parts[name](context));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const figures = results.flatMap((result) => result.figures);
  const goals = results.flatMap((result) => result.goals);
  writeResult(choices.resultName, { machine, goals, figures }, textOf({ figures, goals }, machine));
  return goals.every(({ isMet }) => isMet);
}

function contextOf(directory: string, isQuick: boolean, signal: AbortSignal): DataContext {
  let made: Promise<SavedFile> | undefined;
  const count = smallKeys[isQuick ? "quick" : "full"];
  return {
    isQuick,
    signal,
    directory,
    smallKeys: () => (made ??= saveFile({ directory, name: "small.rdb" }, smallKeyCommands(count), signal)),
  };
}

function textOf(result: PartResult, machine: Machine): string {
  return `${goalTables(result)}\n\n${machineText(machine)}`;
}
