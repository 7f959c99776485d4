/** Which sessions a user has, and ending them: also while requests, sign-ins and rotations are under way. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../packages/client/clock.ts";
import { connect, type Server } from "../../packages/client/index.ts";
import { systemRandomness } from "../../packages/client/randomness.ts";
import { sessions } from "../../packages/client/session/index.ts";
import { newId } from "../../packages/client/session/session-id.ts";
import { SessionStorage } from "../../packages/client/session/storage.ts";
import { UserIndex } from "../../packages/client/session/user-index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";

const secrets = ["0123456789abcdef0123456789abcdef"];
const sent = (setCookie: string | undefined) => setCookie?.split(";")[0];

describe.skipIf(!hasValkey)("the sessions of a user", () => {
  let engine: CacheServer;
  let server: Server;
  const app = () => sessions<{ note: string }>({ server, secrets });
  const signedIn = async (user: string, device = "Firefox") =>
    sent(await (await app().open(null)).signIn(user, { device }).commit());
  const storage = () =>
    new SessionStorage({ server, namespace: "session", idleMs: 60_000, absoluteMs: 600_000, clock: systemClock });
  const entries = (user: string) =>
    server.main.ask(["ZRANGE", `session:user:{${user}}`, "0", "-1"]) as Promise<string[]>;

  beforeAll(async () => {
    engine = await startCacheServer();
  });
  afterAll(() => engine.stop());
  beforeEach(async () => {
    server = connect(engine.url);
    await server.main.ask(["FLUSHALL"]);
  });
  afterEach(() => server.close());

  test("are listed with device and times, and ended one by one or all but this one", async () => {
    const phone = await signedIn("ada", "phone");
    const laptop = await signedIn("ada", "laptop");
    const other = await signedIn("bob");
    const list = await app().list("ada");
    expect(list.map(({ device }) => device).sort()).toEqual(["laptop", "phone"]);
    expect(list.every((one) => one.lastSeenAtMs >= one.signedInAtMs && one.endsAtMs > one.lastSeenAtMs)).toBe(true);
    const here = await app().open(laptop);
    expect(await app().signOutEverywhere("ada", { except: here })).toBe(1);
    expect((await app().open(phone)).isNew).toBe(true);
    expect((await app().open(laptop)).user).toBe("ada");
    expect(await app().signOut("ada", here.handle!)).toBe(true);
    expect(await app().signOut("ada", here.handle!)).toBe(false);
    expect(await app().list("ada")).toEqual([]);
    expect((await app().open(other)).user).toBe("bob");
    expect(JSON.stringify(list)).not.toContain(phone!.split("=")[1]!.slice(12, 55));
  });

  test("a request under way when its session is ended keeps nothing, and rotates nothing", async () => {
    const cookie = await signedIn("ada");
    const [writing, rotating, again] = [await app().open(cookie), await app().open(cookie), await app().open(cookie)];
    expect(await app().signOutEverywhere("ada")).toBe(1);
    await expect(writing.set("note", "late").commit()).rejects.toMatchObject({ code: "SESSION_GONE" });
    await expect(rotating.rotate().commit()).rejects.toMatchObject({ code: "SESSION_GONE" });
    await expect(again.signIn("ada").commit()).rejects.toMatchObject({ code: "SESSION_GONE" });
    expect(await app().list("ada")).toEqual([]);
  });

  test("a sign-in that was announced and not stored yet is found by a sign-out, and cannot be stored after it", async () => {
    const index = new UserIndex(storage());
    const id = newId(systemRandomness);
    const { sinceMs: indexedMs } = await index.enter("ada", id);
    expect(await index.list("ada")).toEqual([]);
    expect((await entries("ada")).length).toBe(1);
    await index.signOutEverywhere("ada");
    await index.signOutEverywhere("ada");
    expect(await storage().create(id, { set: [], remove: [] }, { indexedMs, meta: { user: "ada" } })).toEqual({
      is: "gone",
    });
  });

  test("a sign-in that took too long after it was announced is not stored", async () => {
    const created = storage().create(newId(systemRandomness), { set: [], remove: [] }, { indexedMs: 1_000 });
    await expect(created).rejects.toMatchObject({ code: "SESSION_UNAVAILABLE" });
  });

  test("what a crash between index and session left is dropped, once it can no longer be on its way", async () => {
    await signedIn("ada");
    const { absoluteMs } = storage().options;
    const [seconds] = (await server.main.ask(["TIME"])) as string[];
    const longAgoMs = (Number(seconds) - 200) * 1_000;
    const index = "session:user:{ada}";
    await server.main.ask(["ZADD", index, String(longAgoMs + absoluteMs), `${newId(systemRandomness)}:${longAgoMs}`]);
    await server.main.ask(["ZADD", index, "1", "ended:1"]);
    expect((await app().list("ada")).length).toBe(1);
    expect((await entries("ada")).length).toBe(1);
    expect(Number(await server.main.ask(["PTTL", index]))).toBeGreaterThan(0);
  });

  test("a thousand sessions end in one call", async () => {
    await Promise.all(Array.from({ length: 1_000 }, () => signedIn("ada")));
    expect((await app().list("ada")).length).toBe(1_000);
    expect(await app().signOutEverywhere("ada")).toBe(1_000);
    expect(await server.main.ask(["KEYS", "session:*"])).toEqual([]);
  });

  test(`no session survives a sign-out that began after its sign-in, whatever rotates meanwhile (seed ${testSeed})`, async () => {
    const random = randomFrom(testSeed);
    for (let round = 0; round < 40; round++) {
      let cookies = await Promise.all(Array.from({ length: 4 }, () => signedIn("ada")));
      const rotate = async (cookie: string | undefined) => {
        for (let turn = 0; turn < random(4); turn++) await server.main.ask(["PING"]);
        const session = await app().open(cookie);
        return (
          sent(
            await session
              .rotate()
              .set("note", "x")
              .commit()
              .catch(() => undefined),
          ) ?? cookie
        );
      };
      const [, rotated] = await Promise.all([
        app().signOutEverywhere("ada"),
        Promise.all(cookies.map((cookie) => rotate(cookie))),
      ]);
      cookies = [...cookies, ...rotated];
      // A new session, of a request whose own had ended before it was opened, has no user.
      for (const cookie of cookies) expect((await app().open(cookie)).user).toBeUndefined();
      expect(await app().list("ada")).toEqual([]);
    }
  });
});
