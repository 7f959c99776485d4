/** `node cache-rates.mjs CACHE LEVELS URL`: hits a second of one cache. */
import { caches } from "./caches.mjs";
import { keys, productOf, rateOf } from "./load.mjs";
import { serve } from "./serve.mjs";

const [name, levels, url] = process.argv.slice(2);
const cache = await caches[name]({ url, levels });
let loads = 0;

function load() {
  loads++;
  return productOf(loads);
}

const get = (key) => cache.get(key, load);

serve({
  /** Two rounds: what the first stores, the second reads from where it will be read from. */
  async fill() {
    for (let round = 0; round < 2; round++)
      for (let from = 0; from < keys.length; from += 100) await Promise.all(keys.slice(from, from + 100).map(get));
    loads = 0;
  },
  async rate(options) {
    const perSecond = await rateOf(get, options);
    return { perSecond, loads };
  },
});
