/** A cache that gets a larger size while it is full of data and under load. */
import { systemClock } from "@larder/service";
import { CommandClient } from "../../tests/fixture/command-client.ts";
import type { LarderSubject } from "./larder-subject.ts";
import type { Run } from "./runs.ts";
import { type Measurement, measureEvents } from "./watched-load.ts";

const valueBytes = 100_000;
/** Values on their way at a time. */
const batch = 10;

export async function measureScale(subject: LarderSubject, megabytes: number, measurement: Measurement): Promise<Run> {
  const keys = await fill(subject, (megabytes * 1e6) / valueBytes);
  let seconds = Number.NaN;
  const run = await measureEvents(subject, measurement, {
    scenario: "scale",
    events: 1,
    async happen(load) {
      await load.begin();
      const startMs = systemClock.monotonicMs();
      await subject.service.client.updateCache(subject.address, {
        properties: { sku: { name: "Standard", family: "C", capacity: 3 } },
      });
      await subject.untilWhole();
      seconds = (systemClock.monotonicMs() - startMs) / 1000;
      return { ...(await load.end()), move: null };
    },
  });
  return { ...run, scaled: { megabytes, missing: await missing(subject, keys), seconds } };
}

async function fill(subject: LarderSubject, count: number): Promise<string[]> {
  const client = await connect(subject);
  const keys = Array.from({ length: count }, (_, index) => `large:${index}`);
  const value = Buffer.alloc(valueBytes, "x");
  for (let start = 0; start < keys.length; start += batch) {
    const replies = await client.pipeline(keys.slice(start, start + batch).map((key) => ["SET", key, value]));
    const refused = replies.find((reply) => reply !== "OK");
    if (refused !== undefined) throw new Error(`the cache could not be filled: ${String(refused)}`);
  }
  client.close();
  return keys;
}

/** Of those keys, how many do not have their whole value. */
async function missing(subject: LarderSubject, keys: readonly string[]): Promise<number> {
  const client = await connect(subject);
  const lengths = await client.pipeline(keys.map((key) => ["STRLEN", key]));
  client.close();
  return lengths.filter((length) => length !== valueBytes).length;
}

async function connect(subject: LarderSubject): Promise<CommandClient> {
  const client = await CommandClient.connect({ port: subject.endpoint.port });
  await client.ask("AUTH", subject.endpoint.password ?? "");
  return client;
}
