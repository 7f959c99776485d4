/** CLIENT … through the gateway against the same from a valkey-server: to the byte, but for what differs in its nature. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { startValkey, type TestEngine } from "../fixture/valkey.ts";

/** Each has the same answer on a connection on which nothing has happened yet. */
const commands = `
CLIENT
CLIENT ID now
CLIENT INFO now
CLIENT GETNAME
CLIENT GETNAME now
CLIENT SETNAME
CLIENT SETNAME a b
CLIENT SETNAME a\\nb
CLIENT SETNAME ünïcode
CLIENT SETNAME good
CLIENT GETNAME
CLIENT SETNAME
CLIENT SETINFO
CLIENT SETINFO lib-name
CLIENT SETINFO lib-name a b
CLIENT SETINFO lib-nam x
CLIENT SETINFO LIB-VER a\\tb
CLIENT SETINFO lib-name good
CLIENT SETINFO lib-ver 1.2.3
CLIENT CAPA
CLIENT CAPA redirect
CLIENT CAPA redirect other
CLIENT GETREDIR
CLIENT GETREDIR now
CLIENT TRACKINGINFO
CLIENT TRACKINGINFO now
CLIENT CACHING
CLIENT CACHING yes
CLIENT CACHING maybe
CLIENT TRACKING
CLIENT NO-TOUCH
CLIENT NO-TOUCH maybe
CLIENT NO-TOUCH OFF
CLIENT LIST TYPE
CLIENT LIST TYPE nobody
CLIENT LIST TYPE nobody else
CLIENT LIST TYPE master
CLIENT LIST TYPE replica
CLIENT LIST TYPE pubsub
CLIENT LIST ID
CLIENT LIST ID x
CLIENT LIST ID 0 01
CLIENT LIST ID 999999999 -1
CLIENT LIST ID 9223372036854775807
CLIENT LIST ID 9223372036854775808
CLIENT LIST USER default
CLIENT LIST everything
CLIENT KILL
CLIENT KILL nobody
CLIENT KILL 1.2.3.4:5
CLIENT KILL ID
CLIENT KILL ID x
CLIENT KILL ID 0
CLIENT KILL ID -1
CLIENT KILL ID 999999999
CLIENT KILL ID 999999999 1
CLIENT KILL ID 999999999 SKIPME
CLIENT KILL ID 999999999 SKIPME maybe
CLIENT KILL ID 999999999 skipme No
CLIENT KILL TYPE nobody
CLIENT KILL TYPE primary
CLIENT KILL type SLAVE
CLIENT KILL USER nobody
CLIENT KILL MAXAGE x
CLIENT KILL MAXAGE 0
CLIENT KILL MAXAGE -5
CLIENT KILL MAXAGE 100000
CLIENT KILL ADDR 1.2.3.4:5 LADDR 1.2.3.4:5
CLIENT KILL TYPE normal MAXAGE 100000
CLIENT KILL a b
CLIENT KILL NOT-ID 1
CLIENT UNBLOCK
CLIENT UNBLOCK x
CLIENT UNBLOCK 99 maybe
CLIENT UNBLOCK x maybe
CLIENT UNBLOCK 99 error now
CLIENT UNBLOCK 999999999
CLIENT UNBLOCK 999999999 ERROR
CLIENT REPLY
CLIENT REPLY maybe
CLIENT REPLY ON
CLIENT HELP
CLIENT HELP me
CLIENT NOTHING
CLIENT nothing at all
`;
const lines = commands.trim().split("\n");

const wordsOf = (line: string) => line.split(" ").map((word) => word.replace("\\n", "\n").replace("\\t", "\t"));

describe.skipIf(!hasValkey)("CLIENT", () => {
  let gateway: TestGateway;
  let engine: TestEngine;
  beforeAll(async () => {
    gateway = await startGateway();
    engine = await startValkey();
  }, 30_000);
  afterAll(async () => {
    await gateway?.stop();
    await engine?.stop();
  });

  const viaGateway = async (protocol: 2 | 3) => {
    const client = await connectBytes({ port: gateway.plainPort });
    client.send(encodeRequest(["HELLO", String(protocol), "AUTH", "default", accessKey]));
    await synchronize(client, "hello");
    return client;
  };
  const toEngine = async (protocol: 2 | 3) => {
    const client = await connectBytes({ unix: engine.socketPath });
    client.send(encodeRequest(["HELLO", String(protocol), "AUTH", engine.user, engine.password]));
    await synchronize(client, "hello");
    return client;
  };

  describe.each([2, 3] as const)("in RESP%d", (protocol) => {
    test("is answered as an engine answers", async () => {
      const [ours, theirs] = [await viaGateway(protocol), await toEngine(protocol)];
      for (const [index, line] of lines.entries()) {
        const [got, wanted] = await Promise.all([ours, theirs].map((client) => ask(client, line, index)));
        expect(`${line} → ${got}`).toBe(`${line} → ${wanted}`);
      }
      ours.close();
      theirs.close();
    });

    test("LIST and INFO have the engine's fields in its order", async () => {
      const [ours, theirs] = [await viaGateway(protocol), await toEngine(protocol)];
      for (const line of ["CLIENT LIST", "CLIENT INFO", "CLIENT LIST TYPE normal"]) {
        const [got, wanted] = await Promise.all([ours, theirs].map((client) => ask(client, line, 0)));
        const shape = (text = "") => [text.slice(0, 1), ...text.slice(text.indexOf("id=")).matchAll(/(\S+)=/g)].join();
        expect(shape(got)).toBe(shape(wanted));
      }
      ours.close();
      theirs.close();
    });
  });

  test("INFO says what is known of the connection", async () => {
    const client = await viaGateway(3);
    for (const line of ["CLIENT SETNAME shop", "CLIENT SETINFO lib-name redis-x", "SELECT 2"])
      await ask(client, line, 0);
    const info = await ask(client, "CLIENT INFO", 0);
    expect(info).toMatch(/ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=\d+ name=shop age=\d+ idle=0 flags=N db=2 /);
    expect(info).toContain(" multi=-1 ");
    expect(info).toContain(` laddr=127.0.0.1:${gateway.plainPort} `);
    expect(info).toMatch(
      / cmd=client\|info user=default redir=-1 resp=3 lib-name=redis-x lib-ver= tot-net-in=\d\d+ tot-net-out=\d\d+ tot-cmds=\d+\n/,
    );
    client.close();
  });

  test("LIST shows transactions, subscriptions and blocked clients", async () => {
    const watcher = await viaGateway(2);
    const listed = async (flags: string) => {
      for (;;) if ((await ask(watcher, "CLIENT LIST", 0)).includes(` name=shown age=0 idle=0 flags=${flags} `)) return;
    };
    for (const [line, flags] of [
      ["MULTI", "x"],
      ["SUBSCRIBE c", "P"],
      ["BLPOP nothing 0", "b"],
      ["CLIENT TRACKING ON", "t"],
      ["CLIENT NO-TOUCH ON", "T"],
    ] as const) {
      const client = await viaGateway(3);
      client.send("CLIENT SETNAME shown\r\n");
      client.send(encodeRequest(line.split(" ")));
      await listed(flags);
      client.close();
    }
    watcher.close();
  }, 20_000);

  test("KILL by address, by age and of oneself", async () => {
    const one = await viaGateway(2);
    await ask(one, "CLIENT KILL TYPE normal", 0);
    const other = await viaGateway(2);
    const address = / addr=(\S+) /.exec(await ask(other, "CLIENT INFO", 0))?.[1];
    expect(await ask(one, `CLIENT KILL ${address}`, 0)).toBe("+OK\r\n");
    await other.ended();
    expect(await ask(one, `CLIENT KILL ADDR ${address}`, 0)).toBe(":0\r\n");
    one.send("CLIENT KILL LADDR 127.0.0.1:1 SKIPME no\r\nCLIENT KILL TYPE normal SKIPME no\r\nPING\r\n");
    expect(await one.ended()).toEndWith(":0\r\n:1\r\n");
  });
});

/** The answer: what comes before that of an ECHO sent after it. */
async function ask(client: ByteClient, line: string, index: number): Promise<string> {
  client.send(encodeRequest(wordsOf(line)));
  return synchronize(client, `${index}`);
}

async function synchronize(client: ByteClient, text: string): Promise<string> {
  const mark = `mark ${text}`;
  client.send(encodeRequest(["ECHO", mark]));
  const reply = `$${mark.length}\r\n${mark}\r\n`;
  return (await client.until(reply)).slice(0, -reply.length);
}
