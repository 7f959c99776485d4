/** Connections that a load balancer passes on: whose they are, with TLS and without, and what a bad header gets. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectPlain, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { encodeRequest } from "@larder/resp";
import { parseProxySources } from "../../packages/gateway/front/proxy-sources.ts";
import { limits } from "../../packages/gateway/limits.ts";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { freePorts } from "../fixture/free-ports.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { MovedClock } from "../fixture/moved-clock.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { connectRaw } from "../fixture/raw-client.ts";
import { accessKey } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

let served: TestGateway;
const clock = new MovedClock();
const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
/** From 203.0.113.7, port 50000. */
const header = Buffer.concat([signature, Buffer.from("2111000c" + "cb007107" + "7f000001" + "c350" + "18ec", "hex")]);
const logIn = encodeRequest(["AUTH", accessKey]);
const clientInfo = Buffer.concat([logIn, encodeRequest(["CLIENT", "INFO"])]);
const refusedMetric = "larder_gateway_connections_refused_proxy_header_total";

function refused(): number {
  return served.gateway.metrics()[refusedMetric] as number;
}

/** What CLIENT INFO says after `bytes`, which are sent in pieces of `size`. */
async function addressAfter(bytes: Buffer, size = bytes.length): Promise<string> {
  const client = await connectBytes({ port: served.plainPort });
  client.send(bytes.subarray(0, size));
  for (let start = size; start < bytes.length; start += size) {
    await new Promise(setImmediate);
    client.send(bytes.subarray(start, start + size));
  }
  return addressOf(client);
}

async function addressOf(client: ByteClient): Promise<string> {
  const address = /addr=(\S+)/.exec(await client.until("resp="))?.[1] ?? "none";
  client.close();
  return address;
}

/** A stream that puts `prefix` before the first bytes, in the same write. */
function prefixed(socket: Socket, prefix: Buffer): Duplex {
  let before: Buffer | null = prefix;
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      const bytes = before === null ? chunk : Buffer.concat([before, chunk]);
      before = null;
      socket.write(bytes, () => done());
    },
    final: (done) => socket.end(done),
  });
  socket.on("data", (bytes) => stream.push(bytes));
  socket.on("end", () => stream.push(null));
  return stream;
}

/** CLIENT INFO over TLS, with the header before the ClientHello. */
function addressOverTls(port: number, servername: string, isOneWrite: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectPlain(port, "127.0.0.1", () => {
      if (!isOneWrite) socket.write(header);
      const stream = isOneWrite ? prefixed(socket, header) : prefixed(socket, Buffer.alloc(0));
      const tls = connectTls({ socket: stream, ca: served.ca, servername }, () => tls.write(clientInfo));
      let received = "";
      tls.on("error", reject);
      tls.on("data", (bytes: Buffer) => {
        received += bytes.toString("latin1");
        const address = /addr=(\S+) /.exec(received)?.[1];
        if (address === undefined) return;
        socket.destroy();
        resolve(address);
      });
    });
    socket.on("error", reject);
  });
}

describe.skipIf(!hasValkey)("the PROXY protocol", () => {
  beforeAll(async () => {
    served = await startGateway({}, undefined, { clock, proxies: parseProxySources("127.0.0.1/32") });
  });
  afterAll(() => served.stop());

  test("tells who the client is", async () => {
    const requests = Buffer.concat([header, clientInfo]);
    expect(await addressAfter(requests)).toBe("203.0.113.7:50000");
    for (const size of [1, 7, 28, 29])
      expect([size, await addressAfter(requests, size)]).toEqual([size, "203.0.113.7:50000"]);
  });

  test("tells it for IPv6, too, and CLIENT KILL knows the client by it", async () => {
    const addresses = `20010db8${"0".repeat(23)}1${"0".repeat(31)}1`;
    const ipv6 = Buffer.concat([signature, Buffer.from(`21210024${addresses}c35018ec`, "hex")]);
    const client = await connectBytes({ port: served.plainPort });
    client.send(Buffer.concat([ipv6, clientInfo]));
    expect(await client.until("resp=")).toContain("addr=[2001:db8::1]:50000 ");
    const other = await connectBytes({ port: served.plainPort });
    other.send(Buffer.concat([header, logIn, encodeRequest(["CLIENT", "KILL", "ADDR", "[2001:db8::1]:50000"])]));
    await other.until(":1\r\n");
    await client.ended();
    other.close();
  });

  test("leaves the balancer's own connection as what it is", async () => {
    const local = Buffer.concat([signature, Buffer.from("20000000", "hex"), clientInfo]);
    expect(await addressAfter(local)).toStartWith("127.0.0.1:");
  });

  test.each([
    ["in one segment with the ClientHello", true],
    ["ahead of it", false],
  ])("works before TLS: %s", async (_, isOneWrite) => {
    expect(await addressOverTls(served.tlsPort, "localhost", isOneWrite)).toBe("203.0.113.7:50000");
    expect(await addressOverTls(served.sharedPort, served.route.hostName, isOneWrite)).toBe("203.0.113.7:50000");
  });

  test.each([
    ["a request", encodeRequest(["PING"])],
    ["version 1", "PROXY TCP4 203.0.113.7 127.0.0.1 50000 6379\r\n"],
    ["UDP", Buffer.concat([signature, Buffer.from("2112000c", "hex")])],
    ["a length beyond the limit", Buffer.concat([signature, Buffer.from("2111ffff", "hex")])],
  ])("%s instead of a header ends the connection", async (_, bytes) => {
    const before = refused();
    for (const port of [served.plainPort, served.tlsPort]) {
      const client = await connectBytes({ port });
      client.send(bytes);
      expect(await client.ended()).toBe("");
    }
    expect(refused()).toBe(before + 2);
  });

  test("what is no TLS behind a header fails like any other handshake", async () => {
    const failed = served.gateway.metrics().larder_gateway_handshakes_failed_total as number;
    const client = await connectBytes({ port: served.tlsPort });
    client.send(Buffer.concat([header, clientInfo]));
    await client.ended();
    const { larder_gateway_handshakes, larder_gateway_handshakes_failed_total } = served.gateway.metrics();
    expect([larder_gateway_handshakes, larder_gateway_handshakes_failed_total]).toEqual([0, failed + 1]);
  });

  test("a header that does not end in time ends the connection", async () => {
    const before = refused();
    const client = await connectBytes({ port: served.plainPort });
    client.send(header.subarray(0, 20));
    const silent = await connectBytes({ port: served.tlsPort });
    await Bun.sleep(20);
    clock.advance(limits.proxyHeaderMs);
    await Promise.all([client.ended(), silent.ended()]);
    expect(refused()).toBe(before + 2);
  });

  test.skipIf(Bun.which("haproxy") === null)("comes from a real HAProxy", async () => {
    const [port = 0, tlsPort = 0] = await freePorts(2);
    const proxy = startHaproxy({ [port]: served.plainPort, [tlsPort]: served.tlsPort });
    try {
      await until("HAProxy listens", async () => {
        (await connectRaw({ port })).close();
        return true;
      });
      for (const address of [{ port }, { port: tlsPort, tls: { ca: served.ca } }]) {
        const client = await connectRaw(address);
        client.send(clientInfo);
        expect(await client.until("resp=")).toContain(`addr=127.0.0.1:${client.socket.localPort} `);
        client.close();
      }
    } finally {
      await proxy.stop();
    }
  });
});

describe.skipIf(!hasValkey)("without the PROXY protocol", () => {
  test("who is not a listed balancer is who it seems to be, and its header is not believed", async () => {
    served = await startGateway({}, undefined, { proxies: parseProxySources("192.0.2.1") });
    try {
      expect(await addressAfter(clientInfo)).toStartWith("127.0.0.1:");
      const client = await connectBytes({ port: served.plainPort });
      client.send(Buffer.concat([header, clientInfo]));
      expect(await client.ended()).not.toContain("203.0.113.7");
    } finally {
      await served.stop();
    }
  });
});

/** From port to port. */
function startHaproxy(ports: Record<number, number>): { stop(): Promise<void> } {
  const directory = mkdtempSync(join(tmpdir(), "larder-haproxy-"));
  const configFile = join(directory, "haproxy.cfg");
  const defaults = "defaults\n mode tcp\n timeout connect 5s\n timeout client 1m\n timeout server 1m\n";
  const listeners = Object.entries(ports).map(
    ([from, to]) => `listen port${from}\n bind 127.0.0.1:${from}\n server gateway 127.0.0.1:${to} send-proxy-v2\n`,
  );
  writeFileSync(configFile, defaults + listeners.join(""));
  const proxy = Bun.spawn(["haproxy", "-f", configFile], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  return {
    async stop() {
      proxy.kill("SIGKILL");
      await proxy.exited;
      rmSync(directory, { recursive: true });
    },
  };
}
