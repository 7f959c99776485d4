/** Sessions in the frameworks that people use: by their own stores, and by middleware of ours. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { AddressInfo } from "node:net";
import fastifyCookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import express, { type Express } from "express";
import expressSessions from "express-session";
import fastify from "fastify";
import { Hono } from "hono";
import { connect, type Server } from "../../packages/client/index.ts";
import { expressSession, sessionOf } from "../../packages/client/session/express.ts";
import { sessionStore } from "../../packages/client/session/express-session.ts";
import {
  FastifySessionStore,
  sessionOf as fastifySessionOf,
  sessionPlugin,
} from "../../packages/client/session/fastify.ts";
import { honoSession, type SessionEnv } from "../../packages/client/session/hono.ts";
import { type Sessions, sessions } from "../../packages/client/session/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";

type Fields = Record<string, unknown>;
/** What each application under test does with its session. */
interface Data {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
}

/** Set ?name=value, after the requests with the same ?together have all begun; answers with all that ?read names. */
interface Running {
  url: string;
  stop(): Promise<unknown>;
}

const secret = "0123456789abcdef0123456789abcdef";
const waiting = new Map<string, (() => void)[]>();

async function handle(query: URLSearchParams, session: Data): Promise<Fields> {
  const together = Number(query.get("together") ?? 1);
  if (together > 1) await all("together", together);
  for (const [name, value] of query) if (!["together", "read"].includes(name)) session.set(name, value);
  return Object.fromEntries((query.get("read")?.split(",") ?? []).map((name) => [name, session.get(name)]));
}

/** Resolves once `count` wait for it. */
function all(what: string, count: number): Promise<void> {
  return new Promise((resolve) => {
    const waiters = [...(waiting.get(what) ?? []), resolve];
    waiting.set(what, waiters.length === count ? [] : waiters);
    if (waiters.length === count) for (const go of waiters) go();
  });
}

async function listening(app: Express): Promise<Running> {
  const running = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => running.once("listening", resolve));
  const { port } = running.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => new Promise((resolve) => running.close(resolve)) };
}

const bag = (target: object): Data => ({
  get: (name) => (target as Fields)[name],
  set: (name, value) => {
    (target as Fields)[name] = value;
  },
});
const queryOf = (url: string) => new URL(url, "http://host").searchParams;
const plain = (server: Server): Sessions<Fields> => sessions({ server, secrets: [secret], cookie: { secure: false } });

function streaming(server: Server): Promise<Running> {
  const app = express();
  app.use(expressSession(plain(server)));
  app.get("/stream", (request, response) => {
    sessionOf<Fields>(request).set("streamed", "yes");
    response.write("first ");
    sessionOf<Fields>(request).set("late", "yes");
    response.end("last");
  });
  return listening(app);
}

const apps: [string, (server: Server) => Promise<Running>][] = [
  [
    "express-session with our store",
    (server) => {
      const app = express();
      const store = sessionStore(expressSessions, { server });
      app.use(expressSessions({ store, secret, resave: false, saveUninitialized: false, cookie: { maxAge: 60_000 } }));
      app.get("/", async (request, response) => {
        response.json(await handle(queryOf(request.url), bag(request.session)));
      });
      app.get("/logout", (request, response) => request.session.destroy(() => response.json({})));
      return listening(app);
    },
  ],
  [
    "Express with our middleware",
    (server) => {
      const app = express();
      app.use(expressSession(plain(server)));
      app.get("/", async (request, response) => {
        response.json(await handle(queryOf(request.url), sessionOf<Fields>(request)));
      });
      app.get("/logout", (request, response) => {
        sessionOf(request).destroy();
        response.json({});
      });
      return listening(app);
    },
  ],
  [
    "@fastify/session with our store",
    async (server) => {
      const app = fastify();
      await app.register(fastifyCookie);
      const cookie = { secure: false, maxAge: 60_000 };
      const store = new FastifySessionStore({ server });
      await app.register(fastifySession, { store, secret, saveUninitialized: false, cookie });
      app.get("/", (request) => handle(queryOf(request.url), bag(request.session)));
      app.get("/logout", async (request) => {
        await request.session.destroy();
        return {};
      });
      return { url: await app.listen({ host: "127.0.0.1" }), stop: () => app.close() };
    },
  ],
  [
    "Fastify with our plugin",
    async (server) => {
      const app = fastify();
      await app.register(sessionPlugin, { sessions: plain(server) });
      app.get("/", (request) => handle(queryOf(request.url), fastifySessionOf<Fields>(request)));
      app.get("/logout", async (request) => {
        fastifySessionOf(request).destroy();
        return {};
      });
      return { url: await app.listen({ host: "127.0.0.1" }), stop: () => app.close() };
    },
  ],
  [
    "Hono with our middleware",
    async (server) => {
      const app = new Hono<SessionEnv<Fields>>();
      app.onError((error, c) => c.json({}, (error as unknown as { status: 409 }).status));
      app.use(honoSession(plain(server)));
      app.get("/", async (c) => c.json(await handle(queryOf(c.req.url), c.get("session"))));
      app.get("/logout", (c) => {
        c.get("session").destroy();
        return c.json({});
      });
      const running = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
      return { url: `http://127.0.0.1:${running.port}`, stop: () => running.stop(true) };
    },
  ],
];

describe.skipIf(!hasValkey)("sessions in frameworks", () => {
  let engine: CacheServer;
  let server: Server;

  beforeAll(async () => {
    engine = await startCacheServer();
    server = connect(engine.url);
  });
  afterAll(async () => {
    server.close();
    await engine.stop();
  });
  beforeEach(async () => {
    await server.main.ask(["FLUSHALL"]);
  });

  describe.each(apps)("%s", (name, start) => {
    let running: Running;
    beforeAll(async () => {
      running = await start(server);
    });
    afterAll(async () => {
      await running.stop();
    });

    const ask = async (path: string, cookie = "") => {
      const response = await fetch(running.url + path, { headers: { cookie } });
      const setCookie = response.headers.get("set-cookie")?.split(";")[0];
      const text = await response.text();
      return { status: response.status, text, json: () => JSON.parse(text) as Fields, cookie: setCookie };
    };

    test("a session begins with the first field, and is there in the next request", async () => {
      expect((await ask("/?read=a")).cookie).toBeUndefined();
      expect(await server.main.ask(["DBSIZE"])).toBe(0);
      const { cookie } = await ask("/?a=1");
      expect((await ask("/?read=a,b", cookie)).json()).toEqual({ a: "1" });
    });

    test("requests side by side that change different fields all survive", async () => {
      const { cookie } = await ask("/?a=0&b=0&c=0");
      await Promise.all(["a=1", "b=2", "c=3"].map((change) => ask(`/?${change}&together=3`, cookie)));
      expect((await ask("/?read=a,b,c", cookie)).json()).toEqual({ a: "1", b: "2", c: "3" });
    });

    test("a request that was under way at a logout does not bring the session back", async () => {
      const { cookie } = await ask("/?a=1");
      const late = ask("/?a=2&together=2", cookie).catch(() => undefined);
      while ((waiting.get("together") ?? []).length === 0) await Bun.sleep(1);
      await ask("/logout", cookie);
      await all("together", 2);
      const answer = await late;
      if (!name.startsWith("express-session")) expect(answer?.status).toBe(401);
      expect((await ask("/?read=a", cookie)).json()).toEqual({});
      expect(await server.main.ask(["KEYS", "session:*"])).toEqual([]);
    });

    test("a cookie that is not ours opens nothing", async () => {
      const { cookie = "" } = await ask("/?a=1");
      for (const forged of [cookie.slice(0, -3), `${cookie}x`, cookie.replace("=", "=x"), "session=;;;", "\u00ff"]) {
        const { status, json } = await ask("/?read=a", forged);
        expect([status, json()]).toEqual([200, {}]);
      }
    });
  });

  test("a stream by our middleware for Express carries the cookie, and is kept with what came later", async () => {
    const running = await streaming(server);
    const response = await fetch(`${running.url}/stream`);
    expect(await response.text()).toBe("first last");
    const session = await plain(server).open(response.headers.get("set-cookie")?.split(";")[0]);
    expect([session.get("streamed"), session.get("late")]).toEqual(["yes", "yes"]);
    await running.stop();
  });

  test("our store for express-session: who is whose, and nothing by a scan", async () => {
    const store = sessionStore(expressSessions, {
      server,
      userOf: (session) => session["userId"] as string | undefined,
    });
    const call = <T>(work: (callback: (error?: unknown, value?: T) => void) => void) =>
      new Promise<T | undefined>((resolve, reject) =>
        work((error, value) => (error ? reject(error as Error) : resolve(value))),
      );
    const data = (userId?: string) => ({ cookie: { path: "/", originalMaxAge: 60_000 }, userId }) as never;
    await call((done) => store.set("one", data(), done));
    await call((done) => store.set("one", data("ada"), done));
    await call((done) => store.set("two-two-two-two", data("ada"), done));
    expect((await store.list("ada")).length).toBe(2);
    const read = (await call<object>((done) => store.get("one", done as never))) as { userId: string; cookie: Fields };
    expect(read.userId).toBe("ada");
    expect(new Date(read.cookie["expires"] as string).getTime()).toBeGreaterThan(Date.now());
    expect(await store.signOutEverywhere("ada", { except: "one" })).toBe(1);
    await call((done) => store.set("one", data("bob"), done));
    expect([(await store.list("ada")).length, (await store.list("bob")).length]).toEqual([0, 1]);
    expect(await store.signOutEverywhere("bob")).toBe(1);
    read.userId = "eve";
    await expect(call((done) => store.set("one", read as never, done))).rejects.toMatchObject({ code: "SESSION_GONE" });
    for (const what of ["all", "length", "clear"] as const)
      await expect(call((done) => store[what]?.(done as never))).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});
