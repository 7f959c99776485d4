/**
 * `node sessions.mjs STORE URL`: a request that reads its session and keeps it alive, as most requests do, without the framework around it:
 * what the store is asked.
 */
import { createHmac } from "node:crypto";
import { connect } from "@larder/client";
import { sessions } from "@larder/client/session";
import { rateOf } from "./load.mjs";
import { serve } from "./serve.mjs";

const [name, url] = process.argv.slice(2);
const secret = "a secret of at least thirty-two bytes, for the benchmark";
const idle = "30m";

const dataOf = (index) => ({
  name: `Customer ${index}`,
  locale: "de-DE",
  theme: "dark",
  cart: [{ sku: `shoe-${index % 1_000}`, quantity: 1 }],
  lastPage: "/products/trail-runner",
});

const stores = {
  async larder() {
    const shop = sessions({ server: connect(url), secrets: [secret], idle });
    const cookies = [];
    return {
      async create(index) {
        const session = await shop.open(undefined);
        for (const [field, value] of Object.entries(dataOf(index))) session.set(field, value);
        cookies[index] = (await session.commit()).split(";")[0];
      },
      async request(index) {
        const session = await shop.open(cookies[index]);
        if (session.get("theme") !== "dark") throw new Error("the session is not there");
        await session.commit();
      },
      async setField(index, field) {
        const session = await shop.open(cookies[index]);
        session.set(field, field);
        await session.commit();
      },
      async names(index) {
        return (await shop.open(cookies[index])).names();
      },
    };
  },
  "connect-redis": () => connectRedis({}),
  "connect-redis, no time-out": () => connectRedis({ commandOptions: { timeout: undefined } }),
};

/** express-session checks the cookie's signature, and calls `get`, then `touch`. */
async function connectRedis(options) {
  const { RedisStore } = await import("connect-redis");
  const { createClient } = await import("redis");
  const client = createClient({ url, ...options });
  await client.connect();
  const store = new RedisStore({ client, ttl: 1_800 });
  const cookie = { originalMaxAge: 1_800_000, httpOnly: true, path: "/" };
  const sign = (id) => `${id}.${createHmac("sha256", secret).update(id).digest("base64url")}`;
  const cookies = [];
  return {
    async create(index) {
      const id = `${index}-${"x".repeat(32)}`;
      cookies[index] = sign(id);
      await store.set(id, { cookie, ...dataOf(index) });
    },
    async request(index) {
      const id = cookies[index].slice(0, cookies[index].lastIndexOf("."));
      if (sign(id) !== cookies[index]) throw new Error("the cookie is forged");
      const session = await store.get(id);
      if (session.theme !== "dark") throw new Error("the session is not there");
      await store.touch(id, session);
    },
    async setField(index, field) {
      const id = cookies[index].slice(0, cookies[index].lastIndexOf("."));
      const session = await store.get(id);
      session[field] = field;
      await store.set(id, session);
    },
    async names(index) {
      return Object.keys(await store.get(cookies[index].slice(0, cookies[index].lastIndexOf("."))));
    },
  };
}

const store = await stores[name]();
let live = 0;

serve({
  async fill(count) {
    for (; live < count; live += 500)
      await Promise.all(Array.from({ length: Math.min(500, count - live) }, (_, index) => store.create(live + index)));
  },
  async rate(options) {
    let next = 0;
    const request = () => {
      next = (next + 7_919) % live;
      return store.request(next);
    };
    const perSecond = await rateOf(request, options);
    return { perSecond, loads: 0 };
  },
  /** So many requests at once, each of which sets another field of one of the sessions: how many fields are missing afterwards. */
  async fieldWrites({ count, sessionCount }) {
    const writes = Array.from({ length: count }, (_, index) => store.setField(index % sessionCount, `field-${index}`));
    await Promise.all(writes);
    let missing = count;
    for (let index = 0; index < sessionCount; index++)
      missing -= (await store.names(index)).filter((field) => field.startsWith("field-")).length;
    return missing;
  },
});
