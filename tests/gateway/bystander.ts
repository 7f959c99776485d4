/** Somebody who wants a small thing at short intervals while another client asks much: how long it waits, and what memory it costs. */
import { CommandClient } from "../fixture/command-client.ts";
import type { GatewayProcesses } from "../fixture/gateway-processes.ts";
import { residentBytes } from "../fixture/processes.ts";
import { accessKey } from "../fixture/route.ts";

const everyMs = 5;

export interface Seen {
  replies: number;
  slowestMs: number;
  /** The most that the gateway's process grew by meanwhile. */
  grownBytes: number;
}

/** Watches until `work` is done. Rejects when a reply of the bystander is not its own. */
export async function whileServed(service: GatewayProcesses, work: () => Promise<void>): Promise<Seen> {
  const pid = service.workers[0]!.pid;
  const client = await CommandClient.connect(service.addresses[0]);
  await client.ask("AUTH", accessKey);
  const startBytes = residentBytes(pid);
  const seen: Seen = { replies: 0, slowestMs: 0, grownBytes: 0 };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const startedMs = performance.now();
      const token = `bystander ${seen.replies++}`;
      const reply = await client.ask("ECHO", token);
      if (reply !== token) throw new Error(`${String(reply)} instead of ${token}`);
      seen.slowestMs = Math.max(seen.slowestMs, performance.now() - startedMs);
      seen.grownBytes = Math.max(seen.grownBytes, residentBytes(pid) - startBytes);
      await Bun.sleep(everyMs);
    }
  })();
  try {
    await Promise.race([work(), watching]);
  } finally {
    isOver = true;
    await watching;
    client.close();
  }
  return seen;
}
