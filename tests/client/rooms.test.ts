/** Chat rooms: who is there, by one process and by several, alive and killed. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { connect, type Server } from "../../packages/client/index.ts";
import { createRoom, type Room, type RoomEvent, type RoomOptions, sse } from "../../packages/client/messaging/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { EventReader } from "../fixture/event-reader.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

type Said = { text: string };
type Info = { name: string };

describe.skipIf(!hasValkey).each(["valkey-server", "redis-server"] as const)("rooms on %s", (kind) => {
  let engine: CacheServer;
  let server: Server;
  const rooms: Room<Said, Info>[] = [];

  beforeEach(async () => {
    engine = await startCacheServer({ engine: kind });
    server = connect(engine.url);
  });
  afterEach(async () => {
    for (const room of rooms.splice(0)) await room.close();
    server.close();
    await engine.stop();
  });

  function open(options: Partial<RoomOptions> = {}): Room<Said, Info> {
    const room = createRoom<Said, Info>("lobby", { server, ...options });
    rooms.push(room);
    return room;
  }

  async function watch(room: Room<Said, Info>) {
    const events: RoomEvent<Said, Info>[] = [];
    await room.subscribe((event) => void events.push(event)).ready;
    return events;
  }

  test("come, say, sign, go: heard by all in one order, and kept but for signs", async () => {
    const room = open();
    const events = await watch(open());
    const ann = await room.join({ id: "ann", info: { name: 'Ann "é" 🍎' } });
    const bob = await room.join({ id: "bob" });
    expect((await room.members()).toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: "ann", info: { name: 'Ann "é" 🍎' } },
      { id: "bob", info: null },
    ]);
    await bob.sign({ typing: true });
    const id = await ann.say({ text: "hello" });
    await bob.leave();
    await bob.leave();
    await until("all is heard", () => events.length === 5);
    const kept: RoomEvent<Said, Info>[] = [
      { type: "join", member: { id: "ann", info: { name: 'Ann "é" 🍎' } } },
      { type: "join", member: { id: "bob", info: null } },
      { type: "say", from: "ann", data: { text: "hello" } },
      { type: "leave", member: { id: "bob", info: null }, reason: "left" },
    ];
    expect(events).toEqual(kept.toSpliced(2, 0, { type: "sign", from: "bob", data: { typing: true } }));
    const history = await room.history();
    expect(history.map(({ data }) => data)).toEqual(kept);
    expect(history[2]?.id).toBe(id);
    expect(Math.abs((history[2]?.atMs ?? 0) - Date.now())).toBeLessThan(60_000);
    await expect(bob.say({ text: "still?" })).rejects.toMatchObject({ code: "NOT_A_MEMBER" });
  });

  test("a member that is there twice leaves with its last membership", async () => {
    const room = open();
    const events = await watch(room);
    const [first, second] = [await room.join({ id: "ann" }), await open().join({ id: "ann" })];
    await first.leave();
    expect(await room.members()).toHaveLength(1);
    await second.leave();
    expect(await room.members()).toHaveLength(0);
    await until("all is heard", () => events.length === 2);
    expect(events.map(({ type }) => type)).toEqual(["join", "leave"]);
  });

  test("a member whose process is killed leaves within the bound, and is told; others stay", async () => {
    const presence = 600;
    /** What a machine that does much else may take for it. */
    const busyMs = 1_000;
    const room = open({ presence });
    const events = await watch(room);
    await room.join({ id: "ann" });
    const program = join(import.meta.dirname, "../fixture/room-member.ts");
    const other = Bun.spawn([process.execPath, program, engine.url, "lobby", "bob", String(presence)], {
      stdout: "pipe",
    });
    for await (const _ of other.stdout) break;
    const stays = Bun.sleep(presence * 2);
    await stays;
    expect(await room.members()).toHaveLength(2);
    other.kill("SIGKILL");
    await other.exited;
    const killedAtMs = performance.now();
    await until("it is told", () => events.some(({ type }) => type === "leave"));
    expect(performance.now() - killedAtMs).toBeLessThan((presence * 4) / 3 + busyMs);
    expect(events.at(-1)).toMatchObject({ type: "leave", member: { id: "bob" }, reason: "expired" });
    expect(await room.members()).toEqual([{ id: "ann", info: null }]);
  });

  test("members are back after the server has lost all", async () => {
    const room = open({ presence: 600 });
    await room.join({ id: "ann" });
    await server.main.ask(["FLUSHALL"]);
    await until("it is back", async () => (await room.members()).length === 1);
  });

  test("a room through server-sent events", async () => {
    const room = open();
    const bridge = sse(room);
    const web = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: bridge.fetch });
    const reader = new EventReader(web.url.href);
    await reader.connect();
    await until("it knows where it is", () => reader.lastId !== "");
    await (await room.join({ id: "ann" })).say({ text: "hello" });
    await until("it is heard", () => reader.data.length === 2);
    expect(reader.data[1]).toEqual({ type: "say", from: "ann", data: { text: "hello" } });
    bridge.close();
    await web.stop(true);
  });

  test("bad members and options are refused", async () => {
    const room = open();
    expect(room.join({ id: "" })).rejects.toThrow(TypeError);
    expect(room.join({ id: "x".repeat(257) })).rejects.toThrow(TypeError);
    expect(room.join({ id: "x", info: { name: "x".repeat(5_000) } })).rejects.toMatchObject({
      code: "MESSAGE_TOO_LARGE",
    });
    expect(() => open({ presence: 10 })).toThrow("presence");
    expect(room.history(0)).rejects.toThrow("count");
  });
});
