/**
 * `node cache-process.mjs CACHE URL`: one of several processes with the same cache. The truth is in the server, too, under another name, and
 * a load reads it there.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { caches } from "./caches.mjs";
import { serve } from "./serve.mjs";

const [name, url] = process.argv.slice(2);
const cache = await caches[name]({ url, levels: "both" });
const database = createClient({ url, commandOptions: { timeout: undefined } });
await database.connect();

const truthOf = (key) => database.get(`truth:${key}`).then(Number);

/** The monotonic clock of the machine, the same in all processes. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

async function write(key, version) {
  await database.set(`truth:${key}`, version);
  await cache.invalidate(key);
}

serve({
  /** So many callers at once miss the same key: how many loads that makes here. */
  async stampede({ key, callers, loadMs }) {
    let loads = 0;
    const load = async () => {
      loads++;
      await sleep(loadMs);
      return { loaded: true };
    };
    await Promise.all(Array.from({ length: callers }, () => cache.get(key, load)));
    return loads;
  },

  async load({ key, afterMs, loadMs }) {
    await sleep(afterMs);
    return cache.get(key, async () => {
      const version = await truthOf(key);
      await sleep(loadMs);
      return version;
    });
  },

  async write({ key, version, afterMs }) {
    await sleep(afterMs);
    await write(key, version);
  },

  read: ({ key }) => cache.get(key, () => truthOf(key)),

  /** Writes so many versions, a pause between them, and says when each write began. */
  async writes({ key, versions, pauseMs }) {
    const beganMs = [];
    for (const version of versions) {
      await sleep(pauseMs);
      beganMs.push(nowMs());
      await write(key, version);
    }
    return beganMs;
  },

  /** Reads without a pause until the last version is seen, or for so long: when each was seen first, and when the last read began that brought an older one. */
  async watch({ key, versions, forMs }) {
    const untilMs = nowMs() + forMs;
    const seenMs = versions.map(() => null);
    const olderMs = versions.map(() => null);
    const last = versions.length - 1;
    for (let round = 0; seenMs[last] === null && nowMs() < untilMs; round++) {
      const beganMs = nowMs();
      const at = versions.indexOf(await cache.get(key, () => truthOf(key)));
      for (let index = 0; index <= at; index++) seenMs[index] ??= nowMs();
      for (let index = at + 1; index <= last; index++) olderMs[index] = beganMs;
      if (round % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return { seenMs, olderMs };
  },
});
