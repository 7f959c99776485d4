/** Who comes in, how many at a time, and how long they may take over it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { encodeRequest } from "@larder/resp";
import { limits } from "../../packages/gateway/limits.ts";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { MovedClock } from "../fixture/moved-clock.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

let served: TestGateway;
const clock = new MovedClock();

function metric(name: string): number {
  return served.gateway.metrics()[`larder_gateway_${name}`] as number;
}

function connectTls(): Promise<ByteClient> {
  return connectBytes({ port: served.tlsPort, tls: { ca: served.ca } });
}

async function logIn(client: ByteClient): Promise<ByteClient> {
  client.send(encodeRequest(["AUTH", accessKey]));
  await client.until("+OK\r\n");
  return client;
}

async function ping(client: ByteClient): Promise<void> {
  client.send(encodeRequest(["PING"]));
  await client.until("+PONG\r\n");
}

describe.skipIf(!hasValkey)("the front door", () => {
  beforeAll(async () => {
    served = await startGateway({}, undefined, { clock });
  });
  afterAll(() => served.stop());

  test("lets a storm in bit by bit, over TLS and without, and serves those who are in meanwhile", async () => {
    const established = await logIn(await connectTls());
    const delayed = metric("connections_delayed_total");
    const storm = Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        (index % 2 === 0 ? connectTls() : connectBytes({ port: served.plainPort })).then(logIn),
      ),
    );
    let isOver = false;
    void storm.then(() => (isOver = true));
    while (!isOver) await ping(established);
    for (const client of await storm) client.close();
    expect(metric("connections_delayed_total")).toBeGreaterThan(delayed);
    expect(metric("connections_waiting")).toBe(0);
    expect(metric("handshakes")).toBe(0);
    established.close();
  });

  test("tells those who have waited for too long, and lets the later ones in", async () => {
    clock.stop();
    const accepted = Array.from({ length: limits.processConnectionsBurst }, () =>
      connectBytes({ port: served.plainPort }),
    );
    const first = await Promise.all(accepted);
    const late = await connectBytes({ port: served.plainPort });
    const lateTls = connectTls().then(
      () => "connected",
      (error: NodeJS.ErrnoException) => error.code,
    );
    await until("two wait", () => metric("connections_waiting") === 2);
    clock.advance(limits.connectionWaitMs);
    expect(await late.ended()).toBe("-ERR too many new connections; try again later\r\n");
    expect(await lateTls).toBe("ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR");
    clock.resume();
    expect(metric("connections_refused_waiting_total")).toBe(2);
    const next = await logIn(await connectTls());
    for (const client of [...first, next]) client.close();
  });

  test("gives up a handshake that takes too long", async () => {
    const silent = await connectBytes({ port: served.tlsPort });
    await until("its handshake has begun", () => metric("handshakes") === 1);
    const neighbour = await logIn(await connectTls());
    clock.advance(limits.handshakeMs);
    await silent.ended();
    await ping(neighbour);
    expect(metric("handshakes_expired_total")).toBe(1);
    expect(metric("handshakes")).toBe(0);
    neighbour.close();
  });

  test("survives those who are gone again at once, and those who do not speak TLS", async () => {
    const failed = metric("handshakes_failed_total");
    for (let index = 0; index < 50; index++) {
      const socket = connect(served.tlsPort, "127.0.0.1");
      socket.on("error", () => {});
      socket.on("connect", () => (index % 2 === 0 ? socket.resetAndDestroy() : socket.end("*1\r\n$4\r\nPING\r\n")));
    }
    await until("all are gone", () => metric("handshakes") === 0 && metric("connections_waiting") === 0);
    await until("those who spoke have failed", () => metric("handshakes_failed_total") >= failed + 25);
    const next = await logIn(await connectTls());
    next.close();
  });

  test("forgets those who wait for a cache that is removed", async () => {
    const silent = await connectBytes({ port: served.tlsPort });
    await until("its handshake has begun", () => metric("handshakes") === 1);
    served.gateway.apply({ revision: 2, tokenIssuers: [], routes: [] });
    await silent.ended();
    expect(metric("handshakes")).toBe(0);
    served.gateway.apply({ revision: 3, tokenIssuers: [], routes: [served.route] });
    const next = await logIn(await connectTls());
    next.close();
  });

  test.skipIf(Bun.which("ss") === null)("has the system watch over those that it accepts", async () => {
    const clients = [await connectTls(), await connectBytes({ port: served.plainPort })];
    for (const port of [served.tlsPort, served.plainPort]) {
      const { stdout } = Bun.spawnSync(["ss", "-tnoH", "state", "established", `( sport = :${port} )`]);
      expect(stdout.toString()).toContain("timer:(keepalive,");
    }
    for (const client of clients) client.close();
  });

  test("a connection on which nothing passes is closed, and a subscriber that is told things is not", async () => {
    const [subscriber, publisher, silent] = [
      await logIn(await connectTls()),
      await logIn(await connectTls()),
      await logIn(await connectTls()),
    ];
    subscriber.send(encodeRequest(["SUBSCRIBE", "news"]));
    await subscriber.until(":1\r\n");
    const steps = 4;
    for (let step = 0; step < steps; step++) {
      publisher.send(encodeRequest(["PUBLISH", "news", `${step}`]));
      await subscriber.until(`$1\r\n${step}\r\n`);
      await nextSweep();
      clock.advance(limits.clientIdleMs / (steps - 1));
    }
    await silent.ended();
    await ping(publisher);
    publisher.send(encodeRequest(["PUBLISH", "news", "end"]));
    await subscriber.until("end\r\n");
    for (const client of [subscriber, publisher]) client.close();
  }, 15_000);
});

/** Its time is that of the newest sweep. */
async function nextSweep(): Promise<void> {
  const before = served.gateway.nowMs();
  await until("the gateway has looked over its clients", () => served.gateway.nowMs() > before);
}
