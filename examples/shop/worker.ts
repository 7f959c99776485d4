/** The fulfilment worker: takes orders from the queue, takes their shoes from the stock, and tells the browsers that look at them. */
import { Database } from "./database/database.ts";
import { fulfil } from "./orders/fulfilment.ts";
import { orderQueue, stockChannel } from "./orders/order.ts";
import { connectCache, settings } from "./settings.ts";

const server = connectCache();
const database = new Database(settings.databaseUrl);
const connected = { server, namespace: settings.namespace };

const consumer = orderQueue(connected).process(
  async (order) => {
    const changes = await database.transaction((queries) => fulfil(queries, order));
    await Promise.all(
      changes.map(({ productId, size, quantity }) => stockChannel(connected, productId).publish({ size, quantity })),
    );
  },
  { concurrency: 8 },
);

async function stop(): Promise<void> {
  await consumer.stop({ timeout: "5s" });
  await database.end();
  server.close();
}

process.once("SIGTERM", () => void stop());

console.log("ready");
