/** `node --expose-gc entry-memory.mjs CACHE`: what an entry of the first level costs, key and value included. */
import { setTimeout as sleep } from "node:timers/promises";
import { caches } from "./caches.mjs";
import { productOf } from "./load.mjs";
import { serve } from "./serve.mjs";

const [name] = process.argv.slice(2);
const count = 100_000;

async function usedBytes() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await sleep(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

serve({
  async bytesPerEntry() {
    const cache = await caches[name]({ levels: "first" });
    await cache.get("warm", () => productOf(0));
    const before = await usedBytes();
    for (let index = 0; index < count; index++) await cache.get(`memory:${index}`, () => productOf(index));
    const bytes = (await usedBytes()) - before;
    let loads = 0;
    for (let index = 0; index < count; index += 997) await cache.get(`memory:${index}`, () => ++loads);
    if (loads > 0) throw new Error(`${loads} of the entries were not kept`);
    return bytes / count;
  },
});
