/** Subscriptions that move from a primary to its replica: no message is missing, none comes twice. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { systemRandomness } from "@larder/service";
import { EnginePlace } from "../../packages/gateway/engine/engine-place.ts";
import type { Answer } from "../../packages/gateway/subscriptions/subscriber-connection.ts";
import { SubscriberLink } from "../../packages/gateway/subscriptions/subscriber-link.ts";
import type { Kind } from "../../packages/gateway/subscriptions/subscriptions.ts";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { freePorts } from "../fixture/free-ports.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { nodeOf } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";
import { startValkey, type TestEngine } from "../fixture/valkey.ts";

const login = { user: "larder-app", password: "engine-password" };
const engineLogin = { engineUser: login.user, enginePassword: login.password };
const lines = ["port 0", "user default off", "user larder-app on >engine-password ~* &* +@all"];
let primary: TestEngine;
let replica: TestEngine;

function placeOf(engine: Pick<TestEngine, "socketPath">): EnginePlace {
  return new EnginePlace(nodeOf(engine), null);
}

async function connectTo(engine: TestEngine): Promise<ByteClient> {
  const client = await connectBytes({ unix: engine.socketPath });
  client.send(encodeRequest(["AUTH", login.user, login.password]));
  await client.until("+OK\r\n");
  return client;
}

async function ask(engine: TestEngine, ...words: string[]): Promise<string> {
  const client = await connectTo(engine);
  client.send(Buffer.concat([encodeRequest(words), encodeRequest(["QUIT"])]));
  return (await client.ended()).slice("+OK\r\n".length, -"+OK\r\n".length);
}

/** A link with what it has brought. */
class Watched {
  readonly messages: string[] = [];
  readonly wanted = new Set<string>();
  losses = 0;
  readonly link = new SubscriberLink({
    target: (place = placeOf(primary)) => ({
      own: engineLogin,
      login: engineLogin,
      place,
      protocol: 3,
      database: 0,
      wantsCommands: false,
      mustLead: false,
    }),
    wanted: () => [...this.wanted].map((name): [Kind, string] => ["subscribe", name]),
    onMessage: (_, name, bytes, start, end) => {
      this.messages.push(`${name} ${bytes.toString("latin1", start, end).split("\r\n").at(-2)}`);
    },
    onRead: () => {},
    onLost: () => this.losses++,
    randomness: systemRandomness,
  });

  change(command: "subscribe" | "unsubscribe", name: string): Promise<Answer> {
    if (command === "subscribe") this.wanted.add(name);
    else this.wanted.delete(name);
    return new Promise((resolve, reject) => {
      this.link.send({
        run: () => this.link.ask(encodeRequest([command, name]), 1, resolve),
        refuse: () => reject(new Error("no engine")),
      });
    });
  }
}

describe.skipIf(!hasValkey)("a move of subscriptions", () => {
  beforeAll(async () => {
    primary = await startValkey({ ...login, lines: [...lines, "repl-diskless-sync-delay 0"] });
    replica = await startValkey({
      ...login,
      lines: [...lines, `masteruser ${login.user}`, `masterauth ${login.password}`],
    });
  });
  afterAll(async () => {
    await primary.stop();
    await replica.stop();
  });

  /** A replica is reached by TCP only: the primary opens a port for it. */
  async function replicate(from: TestEngine, to: TestEngine): Promise<void> {
    let port = 0;
    do [port = 0] = await freePorts(1);
    while ((await ask(from, "CONFIG", "SET", "port", String(port))) !== "+OK\r\n");
    await ask(to, "REPLICAOF", "127.0.0.1", String(port));
    await until("the replica is in step", async () =>
      (await ask(to, "INFO", "replication")).includes("master_link_status:up"),
    );
  }

  test("with the primary's stream of messages, and changes meanwhile", async () => {
    await replicate(primary, replica);
    const watched = new Watched();
    await watched.change("subscribe", "a");
    await watched.change("subscribe", "gone");
    await watched.link.prepare(placeOf(replica));
    expect(await watched.change("subscribe", "late")).toBe("confirmed");
    expect(await watched.change("unsubscribe", "gone")).toBe("confirmed");
    const publisher = await connectTo(primary);
    for (let index = 0; index < 500; index++)
      publisher.send(encodeRequest(["PUBLISH", index % 2 ? "a" : "late", `${index}`]));
    publisher.send(encodeRequest(["ECHO", "published"]));
    await publisher.until("published\r\n");
    await until("the replica has all", async () => {
      const offset = async (engine: TestEngine, field: string) =>
        new RegExp(`${field}:(\\d+)`).exec(await ask(engine, "INFO", "replication"))?.[1];
      return (await offset(primary, "master_repl_offset")) === (await offset(replica, "slave_repl_offset"));
    });
    const switching = watched.link.switchToPrepared();
    const waiting = watched.change("subscribe", "after");
    await switching;
    expect(await waiting).toBe("confirmed");
    await ask(replica, "REPLICAOF", "NO", "ONE");
    expect(await ask(replica, "PUBLISH", "a", "500")).toBe(":1\r\n");
    expect(await ask(replica, "PUBLISH", "after", "501")).toBe(":1\r\n");
    expect(await ask(replica, "PUBLISH", "gone", "x")).toBe(":0\r\n");
    expect(await ask(primary, "PUBLISH", "a", "x")).toBe(":0\r\n");
    await until("the last has come", () => watched.messages.at(-1) === "after 501");
    expect(watched.messages.map((message) => Number(message.split(" ")[1]))).toEqual(
      Array.from({ length: 502 }, (_, index) => index),
    );
    expect(watched.losses).toBe(0);
    watched.link.close();
    publisher.close();
  }, 20_000);

  test("that is called off changes nothing", async () => {
    const watched = new Watched();
    await watched.change("subscribe", "stay");
    await watched.link.prepare(placeOf(replica));
    watched.link.abandon();
    await expect(watched.link.switchToPrepared()).rejects.toThrow("no node is prepared");
    expect(await ask(primary, "PUBLISH", "stay", "1")).toBe(":1\r\n");
    await until("it has come", () => watched.messages.length === 1);
    await until("the other has none", async () => (await ask(replica, "PUBSUB", "CHANNELS")) === "*0\r\n");
    expect(watched.losses).toBe(0);
    watched.link.close();
  });

  test("to a node that is not there, or is lost, is refused", async () => {
    const watched = new Watched();
    await watched.change("subscribe", "stay");
    await expect(watched.link.prepare(placeOf({ socketPath: "/nowhere.sock" }))).rejects.toThrow("was lost");
    await watched.link.prepare(placeOf(replica));
    await replica.kill();
    await expect(watched.link.switchToPrepared()).rejects.toThrow();
    expect(await watched.change("subscribe", "more")).toBe("confirmed");
    expect(watched.losses).toBe(0);
    watched.link.close();
  });
});
