/** `node plain-rates.mjs CLIENT URL`: GETs a second of one client, of keys that exist. */
import { rateOf } from "./load.mjs";
import { plainClients } from "./plain-clients.mjs";
import { serve } from "./serve.mjs";

const [name, url] = process.argv.slice(2);
const get = await plainClients[name]({ url });

serve({
  async rate(options) {
    return { perSecond: await rateOf(get, options), loads: 0 };
  },
});
