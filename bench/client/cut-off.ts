/** The connection that carries invalidations is killed, again and again, right before another process writes. */
import { createClient } from "redis";
import { atMost } from "./client-goals.ts";
import { NodeProgram } from "./node-program.ts";
import type { Part } from "./part.ts";
import type { Watched } from "./several-processes.ts";

/** What the first level promises: its default `silenceMsMax`. */
const boundMs = 2_000;
const watchMs = 6_000;

export const cutOff: Part = async ({ url, isQuick, signal }) => {
  const kills = isQuick ? 20 : 100;
  await using reader = new NodeProgram("cache-process.mjs", ["larder", url]);
  await using writer = new NodeProgram("cache-process.mjs", ["larder", url]);
  const key = "cut-off";
  const afterMs: number[] = [];
  await writer.ask("write", { key, version: 1, afterMs: 0 });
  for (let version = 2; version < kills + 2; version++) {
    signal.throwIfAborted();
    // Twice: the first may come from the server, and the second shows what the first level has.
    for (let round = 0; round < 2; round++) await reader.ask("read", { key });
    const watched = reader.ask<Watched>("watch", { key, versions: [version], forMs: watchMs });
    await killTracking(url);
    const [beganMs = 0] = await writer.ask<number[]>("writes", { key, versions: [version], pauseMs: 0 });
    const { seenMs, olderMs } = await watched;
    afterMs.push(seenMs[0] === null ? Number.POSITIVE_INFINITY : Math.max(0, (olderMs[0] ?? 0) - beganMs));
  }
  const worst = Math.max(...afterMs);
  const what = `old value read for, after the invalidation connection was killed, the longest of ${kills}`;
  return {
    figures: [{ what, contender: "larder", value: Number(worst.toFixed(1)), unit: "ms" }],
    goals: [atMost("connection killed", "old value read for, the longest", worst, [boundMs, "ms"])],
  };
};

/** The connections that the server tells of changes. */
async function killTracking(url: string): Promise<void> {
  const client = createClient({ url });
  await client.connect();
  const list = String(await client.sendCommand(["CLIENT", "LIST"]));
  const ids = [...list.matchAll(/^id=(\d+).* flags=\S*t/gm)].map(([, id]) => id as string);
  for (const id of ids) await client.sendCommand(["CLIENT", "KILL", "ID", id]);
  client.destroy();
}
