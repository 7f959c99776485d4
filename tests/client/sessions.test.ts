/** Sessions on a real server: requests that run side by side, rotation, expiry, and a server that is away. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { connect, type Server } from "../../packages/client/index.ts";
import { type SessionOptions, sessions } from "../../packages/client/session/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

interface ShopSession {
  cart: string[];
  theme: string;
  visits: number;
}

const secrets = ["0123456789abcdef0123456789abcdef"];
/** What a browser sends after it was told `setCookie`. */
const sent = (setCookie: string | undefined) => setCookie?.split(";")[0];

describe.skipIf(!hasValkey)("sessions", () => {
  let engine: CacheServer;
  let server: Server;
  const shop = (options: Partial<SessionOptions> = {}) => sessions<ShopSession>({ server, secrets, ...options });
  const begun = async (options: Partial<SessionOptions> = {}) => {
    const session = await shop(options).open(undefined);
    return sent(await session.set("theme", "dark").set("visits", 1).commit());
  };
  const keys = async () => (await server.main.ask(["KEYS", "*"])) as string[];

  beforeAll(async () => {
    engine = await startCacheServer();
  });
  afterAll(() => engine.stop());
  beforeEach(async () => {
    server = connect(engine.url);
    await server.main.ask(["FLUSHALL"]);
  });
  afterEach(() => server.close());

  test("nothing is stored, and no cookie set, before something is put into it", async () => {
    const session = await shop().open(null);
    expect(session.isNew).toBe(true);
    session.get("cart");
    session.delete("theme");
    expect(await session.commit()).toBeUndefined();
    expect(await keys()).toEqual([]);
  });

  test("a round trip: fields, values altered in place, removal", async () => {
    const cookie = await begun();
    const second = await shop().open(cookie);
    expect([second.get("theme"), second.get("visits"), second.names()]).toEqual(["dark", 1, ["theme", "visits"]]);
    expect(await second.set("cart", ["shoe"]).commit()).toBeUndefined();
    const third = await shop().open(cookie);
    third.get("cart")?.push("sock");
    third.delete("theme");
    await third.commit();
    const fourth = await shop().open(cookie);
    expect([fourth.get("cart"), fourth.has("theme")]).toEqual([["shoe", "sock"], false]);
  });

  test("a request that only reads is one command", async () => {
    const cookie = await begun();
    const calls = async (command: string) => {
      const stats = String(await server.main.ask(["INFO", "commandstats"]));
      return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    };
    const before = [await calls("hgetall"), await calls("evalsha")];
    await (await shop().open(cookie)).commit();
    expect([await calls("hgetall"), await calls("evalsha")]).toEqual([(before[0] ?? 0) + 1, before[1] ?? 0]);
  });

  test("requests that change different fields both survive, and so do 2,000 of them", async () => {
    const app = sessions<Record<string, number>>({ server, secrets });
    const cookie = sent(await (await app.open(null)).set("first", 0).commit());
    const open = await Promise.all(Array.from({ length: 2_000 }, () => app.open(cookie)));
    await Promise.all(open.map((session, index) => session.set(`field-${index}`, index).commit()));
    const all = await app.open(cookie);
    expect(all.names().length).toBe(2_001);
    expect(all.get("field-1999")).toBe(1_999);
  });

  test("optimistic locking: who asks for it is told, and nothing is kept", async () => {
    const cookie = await begun();
    const [first, second] = [await shop().open(cookie), await shop().open(cookie)];
    await first.set("visits", 2).commit({ ifUnchanged: true });
    await expect(second.set("visits", 2).commit({ ifUnchanged: true })).rejects.toMatchObject({
      code: "SESSION_CONFLICT",
    });
    await first.set("visits", 3).commit({ ifUnchanged: true });
    expect((await shop().open(cookie)).get("visits")).toBe(3);
  });

  test("idle time slides with each request, and the absolute end does not", async () => {
    const app = { idle: 400, absolute: 1_500 } as const;
    const cookie = await begun(app);
    const startedMs = performance.now();
    let lastFoundMs = startedMs;
    await until("it has ended", async () => {
      if ((await shop(app).open(cookie)).isNew) return true;
      lastFoundMs = performance.now();
      return false;
    });
    expect(lastFoundMs - startedMs).toBeGreaterThan(800);
    expect(performance.now() - startedMs).toBeLessThan(2_500);
    const idle = await begun(app);
    await until("it is gone", async () => (await keys()).length === 0);
    expect((await shop(app).open(idle)).isNew).toBe(true);
  });

  test("a save of a session that is gone does not bring it back", async () => {
    const cookie = await begun();
    const [late, leaving] = [await shop().open(cookie), await shop().open(cookie)];
    expect(await leaving.destroy().commit()).toContain("Max-Age=0");
    await expect(late.set("visits", 2).commit()).rejects.toMatchObject({ code: "SESSION_GONE" });
    expect(await keys()).toEqual([]);
    const again = await shop().open(cookie);
    expect(sent(await again.set("visits", 1).commit())).not.toBe(cookie);
  });

  test("what is set after destroy begins a new session", async () => {
    const cookie = await begun();
    const session = await shop().open(cookie);
    const next = sent(await session.destroy().set("visits", 9).commit());
    expect((await shop().open(cookie)).isNew).toBe(true);
    const opened = await shop().open(next);
    expect([opened.get("visits"), opened.has("theme")]).toEqual([9, false]);
  });

  describe("rotation", () => {
    test("the fields stay, the old id is dead, and a write in flight with it goes to the new one", async () => {
      const cookie = await begun();
      const inFlight = await shop().open(cookie);
      const session = await shop().open(cookie);
      const next = sent(await session.set("visits", 2).signIn("user-7", { device: "Firefox" }).commit());
      expect(next).not.toBe(cookie);
      expect(await inFlight.set("theme", "light").commit()).toBeUndefined();
      const opened = await shop().open(next);
      expect([opened.get("visits"), opened.get("theme"), opened.user]).toEqual([2, "light", "user-7"]);
      expect(opened.handle).toBe(session.handle!);
    });

    test("the old cookie reads nothing, and may not write or replace the browser's new cookie", async () => {
      const cookie = await begun();
      const next = sent(await (await shop().open(cookie)).rotate().commit());
      const late = await shop().open(cookie);
      expect([late.isNew, late.names(), await late.commit()]).toEqual([true, [], undefined]);
      expect(await late.destroy().commit()).toBeUndefined();
      await expect(late.set("visits", 5).commit()).rejects.toMatchObject({ code: "SESSION_SUPERSEDED", status: 409 });
      expect((await shop().open(next)).get("visits")).toBe(1);
    });

    test("two sign-ins at once: two sessions, both whole, neither with the other's id", async () => {
      const cookie = await begun();
      const both = [await shop().open(cookie), await shop().open(cookie)];
      const cookies = await Promise.all(both.map((session) => session.signIn("user-7").commit()));
      expect(new Set(cookies).size).toBe(2);
      for (const setCookie of cookies) {
        const session = await shop().open(sent(setCookie));
        expect([session.user, session.get("theme")]).toEqual(["user-7", "dark"]);
      }
      expect((await shop().list("user-7")).length).toBe(2);
    });

    test("two rotations at once: one id, and both write", async () => {
      const cookie = await begun();
      const [first, second] = [await shop().open(cookie), await shop().open(cookie)];
      const next = sent(await first.rotate().set("visits", 2).commit());
      expect(await second.rotate().set("theme", "light").commit()).toBeUndefined();
      const opened = await shop().open(next);
      expect([opened.get("visits"), opened.get("theme")]).toEqual([2, "light"]);
    });

    test("another user's sign-in takes nothing over; a logout in flight ends the rotated one", async () => {
      const cookie = sent(await (await shop().open(await begun())).signIn("user-1").commit());
      const leaving = await shop().open(cookie);
      const session = await shop().open(cookie);
      const next = sent(await session.signIn("user-2").set("visits", 7).commit());
      const opened = await shop().open(next);
      expect([opened.user, opened.names()]).toEqual(["user-2", ["visits"]]);
      expect(await shop().list("user-1")).toEqual([]);
      await leaving.destroy().commit();
      expect((await shop().open(next)).isNew).toBe(true);
    });
  });

  test("a cookie of an older secret opens, and is sealed anew", async () => {
    const cookie = await begun();
    const newer = { secrets: ["fedcba9876543210fedcba9876543210", ...secrets] };
    const session = await shop(newer).open(cookie);
    expect(session.get("theme")).toBe("dark");
    const next = sent(await session.commit());
    expect(next).not.toBe(cookie);
    const withoutOld = { secrets: newer.secrets.slice(0, 1) };
    expect((await shop(withoutOld).open(next)).get("theme")).toBe("dark");
    expect((await shop(withoutOld).open(cookie)).isNew).toBe(true);
  });

  test("what no longer is JSON reads as nothing, and stays until it is set", async () => {
    const cookie = await begun();
    const [key = ""] = await keys();
    await server.main.ask(["HSET", key, ".theme", "{broken"]);
    const session = await shop().open(cookie);
    expect([session.get("theme"), session.get("visits")]).toEqual([undefined, 1]);
    await session.set("visits", 2).commit();
    expect(await server.main.ask(["HGET", key, ".theme"])).toBe("{broken");
    await server.main.ask(["SET", key, "another thing"]);
    expect((await shop().open(cookie)).isNew).toBe(true);
  });

  test("the server is away: rejects, or goes on without a session that can be written", async () => {
    const away = await startCacheServer();
    const lonely = connect(away.url);
    const app = (options: Partial<SessionOptions> = {}) => shop({ server: lonely, ...options });
    const cookie = sent(await (await app().open(null)).set("visits", 1).commit());
    const inFlight = await app().open(cookie);
    await away.stop();
    await expect(app().open(cookie)).rejects.toMatchObject({ code: "SESSION_UNAVAILABLE", status: 503 });
    await expect(inFlight.set("visits", 2).commit()).rejects.toMatchObject({ code: "SESSION_UNAVAILABLE" });
    const anonymous = await app({ whenUnavailable: "anonymous" }).open(cookie);
    expect([anonymous.isNew, await anonymous.commit()]).toEqual([true, undefined]);
    await expect(anonymous.set("visits", 1).commit()).rejects.toMatchObject({ code: "SESSION_UNAVAILABLE" });
    lonely.close();
  }, 15_000);

  test("a server that refuses: scripts not allowed, or no memory left", async () => {
    await server.main.ask(["ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", "+@all", "-@scripting"]);
    const limited = connect(engine.url.replace(":cache-password", "plain:secret"));
    const cookie = await begun();
    const session = await shop({ server: limited }).open(cookie);
    await expect(session.set("visits", 2).commit()).rejects.toMatchObject({ code: "SESSION_UNAVAILABLE" });
    limited.close();
    await server.main.ask(["CONFIG", "SET", "maxmemory", "1"]);
    try {
      const full = await shop().open(null);
      await expect(full.set("visits", 2).commit()).rejects.toMatchObject({ code: "SESSION_UNAVAILABLE" });
    } finally {
      await server.main.ask(["CONFIG", "SET", "maxmemory", "0"]);
    }
  });
});
