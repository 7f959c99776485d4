/** Reads a file once, from the disk's cache, as a process of its own: so its memory and its CPU time are the reader's. */
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { IgnoringSink, type RdbItem, RdbWriter, readRdb, ValueDecoder } from "@larder/rdb";
import { systemClock } from "@larder/service";
import { obeyOrders } from "../client-process.ts";

/** What becomes of each value: nothing, its elements, or a file for engines without the encodings of today. */
export type ReadWork = "read" | "decode" | "rewrite";

export interface ReadOrder {
  path: string;
  work: ReadWork;
}

export interface ReadAnswer {
  entries: number;
  valueBytes: number;
  checksum: string;
  wallMs: number;
  cpuMs: number;
  /** Resident at most, above what the process had before. */
  grownBytes: number;
}

/** Of this program: the kernel's other figure goes on from that of the process which started it. */
function peakBytes(): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1_024;
}

const chunkBytes = 256 << 10;

/** One buffer for all chunks: the reader copies what it needs. Bun's stream of a file takes twice the CPU time of all this. */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  const buffer = new Uint8Array(chunkBytes);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

const oldVersion = 9;
const takenBytes = 1 << 20;

function handlerOf(work: ReadWork): (item: RdbItem) => void {
  if (work === "read") return () => {};
  if (work === "decode") {
    const decoder = new ValueDecoder(new IgnoringSink());
    return (item) => {
      if (item.type === "entry") decoder.decode(item);
    };
  }
  const writer = new RdbWriter({ version: oldVersion });
  return (item) => {
    if (item.type === "entry") writer.entry(item);
    if (writer.bytesWaiting > takenBytes) writer.take();
  };
}

await obeyOrders<ReadOrder>(async ({ path, work }) => {
  const answer: ReadAnswer = { entries: 0, valueBytes: 0, checksum: "", wallMs: 0, cpuMs: 0, grownBytes: 0 };
  const handle = handlerOf(work);
  const take = (item: RdbItem) => {
    handle(item);
    if (item.type === "end") answer.checksum = item.checksum;
    if (item.type !== "entry") return;
    answer.entries++;
    answer.valueBytes += item.valueEnd - item.valueStart;
  };
  const residentBefore = process.memoryUsage.rss();
  const startMs = systemClock.monotonicMs();
  const cpuBefore = process.cpuUsage();
  await readRdb(chunksOf(path), take);
  const cpu = process.cpuUsage(cpuBefore);
  answer.wallMs = systemClock.monotonicMs() - startMs;
  answer.cpuMs = (cpu.user + cpu.system) / 1_000;
  answer.grownBytes = Math.max(0, peakBytes() - residentBefore);
  return answer;
});
