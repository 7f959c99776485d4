/** A bug in the gateway, made by spoiling one client of it: what it costs, and whom. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, connect as connectPlain, createServer } from "node:net";
import { connect as connectTls } from "node:tls";
import { encodeRequest } from "@larder/resp";
import type { Log } from "@larder/service";
import type { ClientConnection } from "../../packages/gateway/client/client-connection.ts";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

const secret = "a-key-of-somebody";
let served: TestGateway;
let logged: { peer: string; stack: string[] }[];
let opened: ClientConnection[];
let before: Record<string, number>;

function spoil(): never {
  throw new TypeError(`cannot handle ${secret}`);
}

async function logIn(): Promise<{ client: ByteClient; own: ClientConnection }> {
  const client = await connectBytes({ port: served.plainPort });
  await ask(client, ["AUTH", accessKey], "+OK\r\n");
  await ask(client, ["PING"], "+PONG\r\n");
  return { client, own: opened.at(-1)! };
}

async function ask(client: ByteClient, words: string[], reply: string): Promise<void> {
  client.send(encodeRequest(words));
  expect(await client.until("\r\n")).toBe(reply);
}

/** By how much a counter has grown since the test began. */
function grown(counter: string): number {
  return (served.gateway.metrics()[counter] as number) - (before[counter] as number);
}

function expectOne(peer: string): void {
  expect(grown("larder_gateway_internal_errors_total")).toBe(1);
  expect(logged.map((each) => each.peer)).toEqual([peer]);
  expect(logged[0]?.stack[0]).toContain("spoil");
  expect(JSON.stringify(logged)).not.toContain(secret);
}

describe.skipIf(!hasValkey)("an exception", () => {
  beforeEach(async () => {
    logged = [];
    opened = [];
    const log = { error: (fields: (typeof logged)[number]) => logged.push(fields) } as unknown as Log;
    served = await startGateway({}, undefined, { log });
    const { gateway } = served;
    const open = gateway.open.bind(gateway);
    gateway.open = (...given) => {
      const client = open(...given);
      opened.push(client);
      return client;
    };
    before = gateway.metrics();
  });
  afterEach(() => served.stop());

  test("in a client's command ends that client", async () => {
    const neighbour = await logIn();
    const victim = await logIn();
    victim.own.noteBlocking = spoil;
    const shared = victim.own.pool?.fast.connection;
    victim.client.send(encodeRequest(["BLPOP", secret, "0"]));
    await victim.client.ended();
    expectOne("client");
    expect([victim.own.isClosed, victim.own.closeReason]).toEqual([true, "gateway"]);
    await ask(neighbour.client, ["INCR", "n"], ":1\r\n");
    expect(neighbour.own.pool?.fast.connection).toBe(shared!);
    neighbour.client.close();
  });

  test("in a command that waited for another one's reply does not end the engine's connection", async () => {
    const neighbour = await logIn();
    const victim = await logIn();
    victim.own.noteBlocking = spoil;
    const shared = victim.own.pool?.fast.connection;
    victim.client.send(Buffer.concat([encodeRequest(["INCR", "n"]), encodeRequest(["BLPOP", secret, "0"])]));
    expect(await victim.client.ended()).toEndWith(":1\r\n");
    expectOne("client");
    await ask(neighbour.client, ["INCR", "n"], ":2\r\n");
    expect(neighbour.own.pool?.fast.connection).toBe(shared!);
    neighbour.client.close();
  });

  test("in an engine's reply ends the engine's connection, and of its clients the one that may have lost something", async () => {
    const neighbour = await logIn();
    const victim = await logIn();
    await ask(neighbour.client, ["SET", "mine", "1"], "+OK\r\n");
    victim.own.deliver = spoil;
    process.kill(served.engine.pid, "SIGSTOP");
    victim.client.send(encodeRequest(["GET", secret]));
    await until("the victim's command is sent", () => victim.own.inFlight === 1);
    neighbour.client.send(encodeRequest(["STRLEN", "mine"]));
    await until("the neighbour's command is sent", () => neighbour.own.inFlight === 1);
    process.kill(served.engine.pid, "SIGCONT");
    await victim.client.ended();
    expect(await neighbour.client.until("\r\n")).toBe(":1\r\n");
    expectOne("engine");
    await ask(neighbour.client, ["GET", "other"], "$-1\r\n");
    neighbour.client.close();
  });

  test("while a connection is let in ends that connection", async () => {
    const neighbour = await logIn();
    const { gateway } = served;
    const admit = gateway.admit;
    gateway.admit = spoil;
    const plain = await connectBytes({ port: served.plainPort });
    await plain.ended();
    expectOne("client");
    const encrypted = await connectBytes({ port: served.tlsPort, tls: { ca: served.ca } });
    await encrypted.ended();
    expect(grown("larder_gateway_internal_errors_total")).toBe(2);
    gateway.admit = admit;
    await ask(neighbour.client, ["INCR", "n"], ":1\r\n");
    (await logIn()).client.close();
    await until("only the neighbour is left", () => gateway.metrics().larder_gateway_connections === 1);
    neighbour.client.close();
  });

  test("is not what a client does to its socket", async () => {
    const wire = connectPlain(served.tlsPort, "127.0.0.1");
    const relay = createServer((socket) => void socket.pipe(wire).pipe(socket)).listen(0, "127.0.0.1");
    await once(relay, "listening");
    const { port } = relay.address() as AddressInfo;
    const encrypted = connectTls({ host: "127.0.0.1", port, ca: served.ca, servername: "localhost" });
    await once(encrypted, "secureConnect");
    encrypted.on("error", () => {});
    await until("the gateway has let it in", () => opened.length === 1);
    // A record that says that it is encrypted, and is not.
    wire.write(Buffer.concat([Buffer.from([23, 3, 3, 0, 40]), Buffer.alloc(40)]));
    const { client } = await logIn();
    const [first, second] = opened as [ClientConnection, ClientConnection];
    await until("the gateway has closed it", () => first.isClosed);
    client.send(encodeRequest(["BLPOP", "nothing", "0"]));
    await until("it waits", () => second.inFlight === 1);
    client.close();
    relay.close();
    await until("the gateway knows", () => second.isClosed);
    expect([first.closeReason, second.closeReason]).toEqual(["client", "client"]);
    expect(grown("larder_gateway_internal_errors_total")).toBe(0);
    expect(logged).toEqual([]);
  });
});
