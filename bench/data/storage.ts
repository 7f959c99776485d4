/** `npm run bench storage`: a large file put and got back, in a directory, on Azurite and on Swift, and the memory that it takes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAzurite } from "../../tests/fixture/azurite.ts";
import { hasS3Server, startS3Server } from "../../tests/fixture/s3-server.ts";
import { describeMachine, machineText } from "../machine.ts";
import { writeResult } from "../result.ts";
import { tableText } from "../table.ts";
import type { TransferOrder, TransferTimes } from "./storage-transfer.ts";

/** A file three times as large may take no more memory than the smaller one, but for so much. */
const sizes = { small: 1e9, large: 3e9 };
const growthBytesMax = 60e6;

type Row = TransferTimes & { target: string; bytes: number };

export async function benchStorage(signal: AbortSignal): Promise<boolean> {
  const machine = await describeMachine([]);
  const rows: Row[] = [];
  for (const [target, run] of Object.entries(targets))
    for (const bytes of Object.values(sizes)) {
      signal.throwIfAborted();
      rows.push({ target, bytes, ...(await run(bytes, signal)) });
    }
  const growth = Object.keys(targets).map((target) => ({ target, bytes: growthOf(rows, target) }));
  writeResult("storage", { machine, rows, growth, growthBytesMax }, textOf(rows, growth, machineText(machine)));
  return growth.every(({ bytes }) => bytes < growthBytesMax);
}

const targets: Record<string, (bytes: number, signal: AbortSignal) => Promise<TransferTimes>> = {
  directory: async (bytes, signal) => {
    const root = mkdtempSync(join(tmpdir(), "larder-bench-"));
    try {
      return await transfer(
        { location: { url: `file://${root}`, credentials: null }, storageRoots: [root], bytes },
        signal,
      );
    } finally {
      rmSync(root, { recursive: true });
    }
  },
  azurite: async (bytes, signal) => {
    const azurite = await startAzurite();
    try {
      const { containerName } = await azurite.createContainer("backups");
      const credentials = { kind: "azure", connectionString: azurite.connectionString() } as const;
      const location = { url: `azure://${containerName}`, credentials };
      return await transfer({ location, storageRoots: [], bytes }, signal);
    } finally {
      await azurite.stop();
    }
  },
  ...(hasS3Server && {
    swift: async (bytes: number, signal: AbortSignal) => {
      const server = await startS3Server();
      try {
        await server.createBucket("backups");
        const { endpoint, accessKeyId, secretAccessKey } = server;
        const keys = { accessKeyId, secretAccessKey, sessionToken: null };
        const credentials = { kind: "s3", ...keys, region: "us-east-1", endpoint } as const;
        const location = { url: "s3://backups", credentials };
        return await transfer({ location, storageRoots: [], bytes }, signal);
      } finally {
        await server.stop();
      }
    },
  }),
};

async function transfer(order: TransferOrder, signal: AbortSignal): Promise<TransferTimes> {
  const child = Bun.spawn([process.execPath, join(import.meta.dirname, "storage-transfer.ts")], {
    stdin: new Blob([JSON.stringify(order)]),
    stdout: "pipe",
    stderr: "inherit",
    signal,
  });
  const [text, status] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  signal.throwIfAborted();
  if (status !== 0) throw new Error(`the transfer ended with status ${status}`);
  return JSON.parse(text) as TransferTimes;
}

function growthOf(rows: readonly Row[], target: string): number {
  const peak = (bytes: number) => rows.find((row) => row.target === target && row.bytes === bytes)?.peakBytes ?? 0;
  return peak(sizes.large) - peak(sizes.small);
}

function textOf(rows: readonly Row[], growth: readonly { target: string; bytes: number }[], machine: string): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  const rate = (bytes: number, ms: number) => (bytes / 1e3 / ms).toFixed(0);
  const table = tableText(
    ["storage", "file, MB", "put, MB/s", "get, MB/s", "memory at rest, MB", "at most, MB"],
    rows.map(({ target, bytes, putMs, getMs, restBytes, peakBytes }) => [
      target,
      megabytes(bytes),
      rate(bytes, putMs),
      rate(bytes, getMs),
      megabytes(restBytes),
      megabytes(peakBytes),
    ]),
  );
  const goals = growth.map(({ target, bytes }) => {
    const isMet = bytes < growthBytesMax ? "met" : "not met";
    return `${target}: the larger file takes ${megabytes(bytes)} MB more than the smaller (goal: under ${megabytes(growthBytesMax)}): ${isMet}`;
  });
  return [table, "", ...goals, "", machine].join("\n");
}
