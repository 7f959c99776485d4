/** From where a cache is reached: firewall, public access, private networks; at each of its ports, and for those who are in already. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RouteNetwork } from "@larder/api";
import { encodeRequest } from "@larder/resp";
import { createLog, systemClock } from "@larder/service";
import { ConnectionLog } from "../../packages/gateway/front/connection-log.ts";
import { parseProxySources } from "../../packages/gateway/front/proxy-sources.ts";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { whyNoHostNetwork } from "../fixture/host-network.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import type { Address } from "../fixture/raw-client.ts";
import { accessKey } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

type TcpAddress = Exclude<Address, { unix: string }>;

const everybody: RouteNetwork = { hasPublicAccess: true, allowed: null, privateNetworks: [] };
const only = (first: string, last = first): RouteNetwork => ({ ...everybody, allowed: [{ first, last }] });
const directory = mkdtempSync(join(tmpdir(), "larder-network-"));
const connectionLog = new ConnectionLog({
  directory,
  worker: 1,
  workers: 1,
  clock: systemClock,
  log: createLog("gateway", "error"),
});
const blue = "127.0.0.2";
const balancer = "127.0.0.50";
let served: TestGateway;
let revision = 1;

function use(network: RouteNetwork): void {
  served.gateway.apply({ revision: ++revision, tokenIssuers: [], routes: [{ ...served.route, network }] });
}

function metric(name: string): number {
  return served.gateway.metrics()[`larder_gateway_connections_${name}_total`] as number;
}

/** The cache's three ports, as reached from an address. */
function ports(at: Partial<TcpAddress> = {}): TcpAddress[] {
  const { ca, route, plainPort, tlsPort, sharedPort } = served;
  return [
    { ...at, port: plainPort },
    { ...at, port: tlsPort, tls: { ca } },
    { ...at, port: sharedPort, tls: { ca, serverName: route.hostName } },
  ];
}

async function enter(address: TcpAddress, before: Uint8Array = Buffer.alloc(0)): Promise<ByteClient> {
  const client = await connectBytes(address);
  client.send(Buffer.concat([before, encodeRequest(["AUTH", accessKey])]));
  await client.until("+OK\r\n");
  return client;
}

async function isLetIn(address: TcpAddress, before?: Uint8Array): Promise<boolean> {
  return enter(address, before).then(
    (client) => {
      client.close();
      return true;
    },
    () => false,
  );
}

async function whoIsLetIn(addresses: TcpAddress[]): Promise<boolean[]> {
  return Promise.all(addresses.map((address) => isLetIn(address)));
}

/** A PROXY header from 203.0.113.`last`. */
function proxyHeader(last: number): Buffer {
  const source = `cb0071${last.toString(16).padStart(2, "0")}`;
  return Buffer.from(`0d0a0d0a000d0a515549540a2111000c${source}7f000001c35018eb`, "hex");
}

describe.skipIf(!hasValkey)("the network of a cache", () => {
  beforeAll(async () => {
    served = await startGateway({}, undefined, {
      privateNetworks: [{ name: "blue", address: blue, namespace: null }],
      proxies: parseProxySources(balancer),
      connectionLog,
    });
  });
  beforeEach(() => use(everybody));
  afterAll(async () => {
    await served?.stop();
    await connectionLog.stop();
    const refused = readFileSync(join(directory, "connections.log"), "utf8")
      .split("\n")
      .filter((line) => line.includes('"refused"'))
      .map((line) => JSON.parse(line));
    expect(refused[0]).toMatchObject({ cache: "shop", clientIP: "127.0.0.1", reason: "firewall" });
    rmSync(directory, { recursive: true });
  });

  test("only the addresses of the firewall come in, at every port", async () => {
    use(only("127.0.0.8", "127.0.0.9"));
    const before = metric("refused_firewall");
    expect(await whoIsLetIn(ports())).toEqual([false, false, false]);
    expect(metric("refused_firewall")).toBe(before + 3);
    expect(await whoIsLetIn(ports({ from: "127.0.0.9" }))).toEqual([true, true, true]);
    use(everybody);
    expect(await whoIsLetIn(ports())).toEqual([true, true, true]);
  });

  test("whoever is in and is not to be any more is closed at once, and nobody else", async () => {
    const refused = await Promise.all(ports().map((address) => enter(address)));
    const kept = await Promise.all(ports({ from: "127.0.0.9" }).map((address) => enter(address)));
    const silent = await connectBytes({ port: served.tlsPort });
    const before = metric("closed_network");
    use(only("127.0.0.9"));
    for (const client of [...refused, silent]) await client.ended();
    expect(metric("closed_network")).toBe(before + 3);
    for (const client of kept) {
      client.send(encodeRequest(["PING"]));
      await client.until("+PONG\r\n");
      client.close();
    }
  });

  test("without public access nobody comes in but by a private network", async () => {
    const inside = await enter({ port: served.plainPort });
    use({ ...only("127.0.0.1"), hasPublicAccess: false, privateNetworks: ["blue"] });
    await inside.ended();
    expect(await whoIsLetIn(ports())).toEqual([false, false, false]);
    expect(await whoIsLetIn(ports({ host: blue, from: "127.0.0.77" }))).toEqual([true, true, true]);
    expect(metric("refused_public_access")).toBe(3);
  });

  test("a private network serves the caches that are to be there, for as long as they are", async () => {
    expect(await whoIsLetIn(ports({ host: blue }))).toEqual([false, false, false]);
    use({ ...everybody, privateNetworks: ["blue", "of another gateway"] });
    const clients = await Promise.all(ports({ host: blue }).map((address) => enter(address)));
    const outside = await enter({ port: served.plainPort });
    use(everybody);
    for (const client of clients) await client.ended();
    expect(await whoIsLetIn(ports({ host: blue }))).toEqual([false, false, false]);
    outside.send(encodeRequest(["PING"]));
    await outside.until("+PONG\r\n");
    outside.close();
    expect(metric("refused_private_network")).toBe(2);
  });

  test("behind a load balancer counts whom it names", async () => {
    const [plain] = ports({ from: balancer }) as [TcpAddress];
    use(only("203.0.113.7"));
    expect(await isLetIn(plain, proxyHeader(7))).toBeTrue();
    expect(await isLetIn(plain, proxyHeader(8))).toBeFalse();
    expect(await isLetIn({ port: served.plainPort })).toBeFalse();
    const waiting = await connectBytes(plain);
    use(only("203.0.113.9"));
    waiting.send(Buffer.concat([proxyHeader(9), encodeRequest(["AUTH", accessKey])]));
    await waiting.until("+OK\r\n");
    waiting.close();
  });

  test("a port that is taken on a private network is told of there, and the cache's own ports are not affected", async () => {
    expect(served.gateway.privateNetworkReports()).toEqual([
      { name: "blue", address: blue, error: null, failedPorts: [] },
    ]);
    const other = Bun.listen({ hostname: blue, port: served.plainPort, socket: { data() {} } });
    const at = () => served.gateway.privateNetworkReports()[0]?.failedPorts;
    use({ ...everybody, privateNetworks: ["blue"] });
    expect(at()).toEqual([{ cacheId: served.route.cacheId, port: served.plainPort, error: "EADDRINUSE" }]);
    expect(served.gateway.listenerReports().map(({ error }) => error)).toEqual([null, null]);
    other.stop(true);
    use({ ...everybody, privateNetworks: ["blue"] });
    expect(at()).toEqual([]);
  });
});

test.skipIf(!hasValkey)(
  "rules for IPv6 hold for it, and those for IPv4 for a client whose address is mapped",
  async () => {
    const other = await startGateway({}, undefined, { host: "::" });
    try {
      const at = (host: string) => ({ host, port: other.plainPort });
      const apply = (network: RouteNetwork, next: number) =>
        other.gateway.apply({ revision: next, tokenIssuers: [], routes: [{ ...other.route, network }] });
      expect(await whoIsLetIn([at("::1"), at("127.0.0.1")])).toEqual([true, true]);
      apply(only("::1"), 2);
      expect(await whoIsLetIn([at("::1"), at("127.0.0.1")])).toEqual([true, false]);
      apply(only("127.0.0.0", "127.0.0.255"), 3);
      expect(await whoIsLetIn([at("::1"), at("127.0.0.1")])).toEqual([false, true]);
    } finally {
      await other.stop();
    }
  },
);

const noNamespaces = whyNoHostNetwork();

test.skipIf(!hasValkey || noNamespaces !== undefined)(
  `a network namespace is entered for its listeners alone, and as soon as it is there${noNamespaces === undefined ? "" : `: ${noNamespaces}`}`,
  async () => {
    const name = `larder-private-${process.pid}`;
    const [address, namespace] = ["127.0.0.4", `/run/netns/${name}`];
    const log = createLog("gateway", "silent");
    const other = await startGateway(
      { network: { ...everybody, hasPublicAccess: false, privateNetworks: ["green"] } },
      undefined,
      {
        privateNetworks: [{ name: "green", address, namespace }],
        log,
      },
    );
    const talk = `exec 3<>/dev/tcp/${address}/${other.plainPort}; printf 'AUTH ${accessKey}\r\nQUIT\r\n' >&3; cat <&3`;
    try {
      execFileSync("ip", ["netns", "add", name]);
      execFileSync("ip", ["-n", name, "link", "set", "lo", "up"]);
      await until("its ports are open", () => other.gateway.privateNetworkReports()[0]?.error === null);
      const inside = Bun.spawn(["ip", "netns", "exec", name, "bash", "-c", talk], { stdout: "pipe" });
      expect(await new Response(inside.stdout).text()).toBe("+OK\r\n+OK\r\n");
      await expect(connectBytes({ host: address, port: other.plainPort })).rejects.toThrow("ECONNREFUSED");
    } finally {
      await other.stop();
      execFileSync("ip", ["netns", "del", name]);
    }
  },
);

test.skipIf(!hasValkey)("a private network that is not there keeps nothing else from working", async () => {
  const privateNetworks = [
    { name: "nowhere", address: "192.0.2.1", namespace: null },
    { name: "gone", address: "127.0.0.3", namespace: "/run/netns/larder-is-not-there" },
  ];
  const network = { ...everybody, privateNetworks: ["nowhere", "gone"] };
  const other = await startGateway({ network }, undefined, { privateNetworks, log: createLog("gateway", "silent") });
  try {
    expect(await isLetIn({ port: other.plainPort })).toBeTrue();
    expect(other.gateway.privateNetworkReports().map(({ error }) => error)).toEqual([
      expect.stringMatching(/EADDRNOTAVAIL|EADDRINUSE/),
      expect.stringContaining("/run/netns/larder-is-not-there cannot be opened (ENOENT)"),
    ]);
  } finally {
    await other.stop();
  }
});
