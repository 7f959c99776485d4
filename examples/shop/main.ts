/**
 * The one command. `npm run shop` starts the shop and keeps it until Ctrl-C; with `--load` it measures instead, with the cache off and on, and
 * ends.
 */
import { runLoad } from "./load/load.ts";
import { type Shop, startShop } from "./start/shop.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interrupted.abort());

let shop: Shop | undefined;
try {
  console.log("Starting PostgreSQL, a cache and the shop, and making 20,000 shoes …");
  shop = await startShop({ signal: interrupted.signal });
  if (process.argv.includes("--load")) await runLoad(shop.urls, interrupted.signal);
  else await serve(shop);
} catch (error) {
  if (!interrupted.signal.aborted) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
await shop?.stop();
if (interrupted.signal.aborted) process.exitCode = 130;

async function serve({ urls: [first, second], databaseUrl, cache }: Shop): Promise<void> {
  console.log(`
The shop is open, with the cache of ${cache}:

  ${first}   and   ${second}   two processes of the same shop
  ${first}/live                       what it does, as it happens

Try:
  - Open the same shoe in both. Buy one (runner1@example.com, run-fast-42), and see its stock change in the other window.
  - Change a price, and load the shoe anew:
      psql '${databaseUrl}' -c 'UPDATE products SET price_cents = 4995 WHERE id = 1'
  - Turn the cache off on /live, and on.

Ctrl-C ends all of it.`);
  await new Promise((resolve) => interrupted.signal.addEventListener("abort", resolve));
}
