/**
 * A program of its own, so that its memory is that of one transfer: puts a file and gets it back, and prints what that took.
 * Asked for by one line of JSON on standard input, as locations have keys in them.
 */
import type { StorageLocation } from "@larder/api";
import { systemClock, systemRandomness } from "@larder/service";
import { openFolder } from "@larder/storage";
import { peakResidentBytes } from "../cpu.ts";

export interface TransferOrder {
  location: StorageLocation;
  storageRoots: string[];
  bytes: number;
}

export interface TransferTimes {
  putMs: number;
  getMs: number;
  /** Before anything was moved, and the most that it ever was. */
  restBytes: number;
  peakBytes: number;
}

const chunkBytes = 64 * 1024;

async function* content(bytes: number): AsyncIterable<Uint8Array> {
  const random = systemRandomness.bytes(1024 * 1024);
  for (let at = 0; at < bytes; at += chunkBytes) {
    const from = at % random.length;
    yield random.subarray(from, from + Math.min(chunkBytes, bytes - at));
  }
}

async function main(): Promise<void> {
  const order = (await Bun.stdin.json()) as TransferOrder;
  const context = { clock: systemClock, randomness: systemRandomness, storageRoots: order.storageRoots };
  const storage = openFolder(order.location, context);
  await storage.stat("warm-up.rdb");
  const restBytes = peakResidentBytes(process.pid);
  const startMs = systemClock.monotonicMs();
  await storage.put("dump.rdb", content(order.bytes));
  const betweenMs = systemClock.monotonicMs();
  let got = 0;
  for await (const chunk of storage.get("dump.rdb")) got += chunk.byteLength;
  const endMs = systemClock.monotonicMs();
  if (got !== order.bytes) throw new Error(`${got} bytes came back of ${order.bytes}`);
  const times: TransferTimes = {
    putMs: betweenMs - startMs,
    getMs: endMs - betweenMs,
    restBytes,
    peakBytes: peakResidentBytes(process.pid),
  };
  console.log(JSON.stringify(times));
}

await main();
