/** How fast the RDB reader goes through a large file of mixed keys, and in how much memory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PartResult } from "../client/part.ts";
import { startClientProcess } from "../client-process.ts";
import { median } from "../quantile.ts";
import { mixedCommands } from "./mixed-commands.ts";
import type { DataContext } from "./part.ts";
import type { ReadAnswer, ReadOrder, ReadWork } from "./rdb-read.ts";
import { type SavedFile, saveFile } from "./saved-file.ts";

/** Of what is sent; the file has about four fifths of it. */
const dataBytes = { full: 1.25e9, quick: 125e6 };
const runs = 5;
const goals = { megabytesPerSecond: 150, grownMegabytes: 64 };

/**
 * Each run is a process of its own, so it starts cold. CPU time decides: the goal is about one core, and wall time
 * would count what others do on the machine.
 */
export async function rdbParse({ isQuick, signal }: DataContext): Promise<PartResult> {
  const directory = mkdtempSync(join(tmpdir(), "larder-bench-rdb-"));
  try {
    const file = await saveFile(
      { directory, name: "mixed.rdb" },
      mixedCommands(isQuick ? dataBytes.quick : dataBytes.full),
      signal,
    );
    const answers: ReadAnswer[] = [];
    while (answers.length < runs) answers.push(await readOnce(file, "read", signal));
    const result = resultOf(file, answers);
    return { ...result, figures: [...result.figures, ...(await furtherFigures(file, signal))] };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One run each: no goal hangs on them. */
async function furtherFigures(file: SavedFile, signal: AbortSignal): Promise<PartResult["figures"]> {
  const decoded = await readOnce(file, "decode", signal);
  const rewritten = await readOnce(file, "rewrite", signal);
  const rate = ({ cpuMs }: ReadAnswer) => Math.round(file.bytes / 1e3 / cpuMs);
  const contender = "@larder/rdb";
  return [
    { what: "the same, every value decoded, by CPU time", contender, value: rate(decoded), unit: "MB/s" },
    { what: "the same, written anew as RDB 9, by CPU time", contender, value: rate(rewritten), unit: "MB/s" },
  ];
}

async function readOnce(file: SavedFile, work: ReadWork, signal: AbortSignal): Promise<ReadAnswer> {
  await using stack = new AsyncDisposableStack();
  const reader = startClientProcess(stack, "data/rdb-read.ts", signal);
  const order: ReadOrder = { path: file.path, work };
  const answer = await reader.ask<ReadAnswer>("the reader", order);
  if (answer.entries !== file.keys) throw new Error(`The file has ${answer.entries} of ${file.keys} keys.`);
  if (answer.checksum !== "verified") throw new Error(`The file's checksum is ${answer.checksum}.`);
  return answer;
}

function resultOf(file: SavedFile, answers: readonly ReadAnswer[]): PartResult {
  const rate = (ms: number) => Math.round(file.bytes / 1e3 / ms);
  const ofCpu = rate(median(answers.map(({ cpuMs }) => cpuMs)));
  const ofWall = rate(median(answers.map(({ wallMs }) => wallMs)));
  const grown = Math.round(Math.max(...answers.map(({ grownBytes }) => grownBytes)) / 1e6);
  const contender = "@larder/rdb";
  const what = `RDB file of ${Math.round(file.bytes / 1e6)} MB, ${file.keys.toLocaleString("en")} keys`;
  return {
    figures: [
      { what: `${what}: read, by CPU time`, contender, value: ofCpu, unit: "MB/s" },
      { what: `${what}: read, by wall time`, contender, value: ofWall, unit: "MB/s" },
      { what: `${what}: memory at most, above the process without`, contender, value: grown, unit: "MB" },
    ],
    goals: [
      {
        part: "rdb-parse",
        what: "reading a mixed file on one core",
        wanted: `≥ ${goals.megabytesPerSecond} MB/s`,
        measured: `${ofCpu} MB/s`,
        isMet: ofCpu >= goals.megabytesPerSecond,
      },
      {
        part: "rdb-parse",
        what: "memory at most, above the process without",
        wanted: `≤ ${goals.grownMegabytes} MB`,
        measured: `${grown} MB`,
        isMet: grown <= goals.grownMegabytes,
      },
    ],
  };
}
