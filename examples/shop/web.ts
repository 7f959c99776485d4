/** A web process of the shop. There may be any number of them: what they share is in the cache and in the database. */
import { createServer } from "node:http";
import { createCache } from "@larder/client/cache";
import { outputCache } from "@larder/client/output-cache";
import { shopApp } from "./app.ts";
import { Catalog } from "./catalog/catalog.ts";
import { Database } from "./database/database.ts";
import { CacheSwitch } from "./live/cache-switch.ts";
import { followShop } from "./live/followed-tables.ts";
import { Measurements } from "./live/measurements.ts";
import { orderQueue } from "./orders/order.ts";
import { keptPages } from "./pages/kept-pages.ts";
import { connectCache, settings } from "./settings.ts";

const { namespace, port, databaseUrl } = settings;
const server = connectCache();
const connected = { server, namespace };
const database = new Database(databaseUrl);
const cache = createCache({ server, namespace: `${namespace}:catalog` });
const pages = outputCache({ server, namespace: `${namespace}:pages`, routes: keptPages });
const cacheSwitch = new CacheSwitch(connected);
const isCacheOn = () => cacheSwitch.isOn;
const queue = orderQueue(connected);
const measurements = new Measurements({ connected, port, database, cache, pages, queue, isCacheOn });
const catalog = new Catalog({ database, cache, isCacheOn });
const follower = followShop({ databaseUrl, cache, pages });
const shop = shopApp({ connected, database, catalog, pages, queue, cacheSwitch, measurements });

const http = createServer((request, response) => {
  measurements.measure(response);
  shop.app(request, response);
});

async function stop(): Promise<void> {
  measurements.stop();
  cacheSwitch.stop();
  await shop.close();
  http.close();
  http.closeAllConnections();
  await follower.stop();
  pages.close();
  cache.close();
  server.close();
  await database.end();
}

process.once("SIGTERM", () => void stop());

cacheSwitch.start();
measurements.start();
await follower.start();
http.listen(port, "127.0.0.1", () => console.log("ready"));
