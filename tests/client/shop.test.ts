/** The example shop, small: somebody buys a shoe as a browser would, and others see it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Client } from "pg";
import { LoadVisitor } from "../../examples/shop/load/visitor.ts";
import { type Shop, startShop } from "../../examples/shop/start/shop.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasPostgres } from "../fixture/postgres.ts";
import { until } from "../fixture/until.ts";

const size = { products: 300, reviews: 900, orders: 200, users: 20 };
const startTimeoutMs = 60_000;

describe.skipIf(!hasPostgres)("the shop", () => {
  let server: CacheServer;
  let shop: Shop;
  let database: Client;

  beforeAll(async () => {
    server = await startCacheServer();
    shop = await startShop({ size, cache: { REDIS_URL: server.url } });
    database = new Client({ connectionString: shop.databaseUrl });
    await database.connect();
  }, startTimeoutMs);
  afterAll(async () => {
    await database?.end();
    await shop?.stop();
    await server?.stop();
  });

  function browser(process: 0 | 1): LoadVisitor {
    return new LoadVisitor(shop.urls[process], () => {});
  }

  async function stockOf(product: number, shoeSize: number): Promise<number> {
    const { rows } = await database.query("SELECT quantity FROM stock WHERE product_id = $1 AND size = $2", [
      product,
      shoeSize,
    ]);
    return rows[0].quantity;
  }

  test("one buys a shoe, and another, in another process, sees the stock change", async () => {
    const before = await stockOf(7, 40);
    const watching = new AbortController();
    const events = await fetch(`${shop.urls[1]}/stock?product=7`, { signal: watching.signal });
    const told = untilText(events, `"quantity":${before - 1}`);
    expect((await browser(1).look("/shoes/7")).text).toContain(`data-size="40">${before} left`);

    const customer = browser(0);
    await customer.addToCart(7, 40);
    await customer.signIn(3);
    expect((await customer.look("/cart")).text).toContain('href="/shoes/7"');
    expect(await customer.buy()).toBe(true);
    expect(await told).toContain('"size":40');
    watching.abort();

    expect(await stockOf(7, 40)).toBe(before - 1);
    expect((await customer.look("/cart")).text).toContain("It is empty");
    await until("the other process's page has it", async () =>
      (await browser(1).look("/shoes/7")).text.includes(`data-size="40">${before - 1} left`),
    );
  });

  test("a price that was changed by SQL shows in both processes, on the shoe's page and in its category", async () => {
    const { rows } = await database.query("SELECT id, category FROM products ORDER BY price_cents, id LIMIT 1");
    const { id, category } = rows[0];
    const paths = [`/shoes/${id}`, `/category/${category}?sort=price`];
    for (const path of paths) expect((await browser(0).look(path)).text).not.toContain("€12.34");
    await database.query("UPDATE products SET price_cents = 1234 WHERE id = $1", [id]);
    for (const process of [0, 1] as const)
      for (const path of paths)
        await until(`${path} of process ${process} has the price`, async () =>
          (await browser(process).look(path)).text.includes("€12.34"),
        );
  });

  test("a signed-in customer's form without the token is refused, and text is escaped", async () => {
    const customer = browser(0);
    await customer.signIn(5);
    const forged = await customer.post("/cart", { product: "7", size: "40", token: "guessed" });
    expect(forged.status).toBe(403);
    const { text } = await customer.look(`/search?q=${encodeURIComponent('"><script>alert(1)</script>')}`);
    expect(text).not.toContain("<script>alert");
  });

  test("what is said in the chat is there for others", async () => {
    const guest = browser(0);
    await guest.look("/chat");
    await guest.knowToken();
    expect((await guest.post("/chat", { text: "Which for mud?" })).status).toBe(303);
    expect((await browser(1).look("/chat")).text).toContain("Which for mud?");
  });

  test("while the cache is away shoes and shelves can still be looked at", async () => {
    await server.kill();
    for (const path of ["/", "/shoes/7", "/category/trail", "/search?q=trail"])
      expect([path, (await browser(0).look(path)).status]).toEqual([path, 200]);
  });
});

/** Reads until the text has come, and returns all that came. */
async function untilText(response: Response, wanted: string): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes(wanted)) return text;
  }
  throw new Error(`it ended before: ${wanted}`);
}
