/** An engine of another host, which the gateway reaches by its address with TLS, and one of its own host whose address changes. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Route } from "@larder/api";
import { NodeCertificate } from "../../packages/gateway/engine/node-certificate.ts";
import { CommandClient } from "../fixture/command-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { type RemoteEngine, startRemoteEngine, TestNodeCertificates } from "../fixture/remote-engine.ts";
import { accessKey, nodeOf } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

let certificates: TestNodeCertificates;
let engine: RemoteEngine;
let served: TestGateway;
let route: Route;

beforeEach(async () => {
  certificates = new TestNodeCertificates();
  await certificates.issue();
  engine = await startRemoteEngine(certificates);
});

afterEach(async () => {
  await served.stop();
  certificates.remove();
});

async function serve(changes: Partial<Route>, nodeCertificate = certificates.files): Promise<void> {
  served = await startGateway(changes, engine, { nodeCertificate });
  route = served.route;
}

function publish(changes: Partial<Route>): void {
  route = { ...route, ...changes };
  served.gateway.apply({ revision: served.gateway.revision + 1, tokenIssuers: [], routes: [route] });
}

async function logIn(): Promise<CommandClient> {
  const client = await CommandClient.connect({ port: served.plainPort });
  await client.ask("HELLO", "3", "AUTH", "default", accessKey);
  return client;
}

describe.skipIf(!hasValkey)("an engine of another host", () => {
  test("serves every kind of command", async () => {
    await serve({ node: engine.node });
    const client = await logIn();
    expect(await client.pipeline([["SET", "k", "v"], ["GET", "k"], ["MULTI"], ["INCR", "n"], ["EXEC"]])).toEqual([
      "OK",
      "v",
      "OK",
      "QUEUED",
      [1],
    ]);
    expect(await client.ask("EVAL", "return redis.call('GET', 'k')", "0")).toBe("v");
    expect(await client.ask("WATCH", "k")).toBe("OK");
    expect(await client.ask("UNWATCH")).toBe("OK");
    const blocked = client.ask("BLPOP", "list", "0");
    const other = await logIn();
    await other.ask("RPUSH", "list", "item");
    expect(await blocked).toEqual(["list", "item"]);
    client.close();
    other.close();
  });

  test("passes large values both ways, whole", async () => {
    await serve({ node: engine.node });
    const clients = await Promise.all([logIn(), logIn(), logIn()]);
    const values = clients.map((_, index) => "x".repeat(12 * 1024 * 1024 + index));
    await Promise.all(clients.map((client, index) => client.ask("SET", `large-${index}`, values[index] as string)));
    const read = await Promise.all(clients.map((client, index) => client.ask("GET", `large-${index}`)));
    expect(read.map((value) => Bun.hash(value as string))).toEqual(values.map((value) => Bun.hash(value)));
    const many = Array.from({ length: 20_000 }, (_, index) => ["SET", `k${index}`, "y".repeat(200)]);
    expect(new Set(await (clients[0] as CommandClient).pipeline(many))).toEqual(new Set(["OK"]));
    for (const client of clients) client.close();
  });

  test("brings messages", async () => {
    await serve({ node: engine.node });
    const subscriber = await logIn();
    const messages: unknown[] = [];
    subscriber.onMessage = (message) => messages.push(message);
    subscriber.send("SUBSCRIBE", "news");
    await until("it is subscribed", () => messages.length === 1);
    const publisher = await logIn();
    expect(await publisher.ask("PUBLISH", "news", "hello")).toBe(1);
    await until("the message has come", () => messages.length === 2);
    subscriber.close();
    publisher.close();
  });

  test("that began anew is reached at its new address", async () => {
    await serve({ node: engine.node });
    const client = await logIn();
    await client.ask("SET", "k", "v");
    const next = await startRemoteEngine(certificates);
    await engine.kill();
    const waiting = client.ask("GET", "k");
    publish({ node: next.node, epoch: route.epoch + 1 });
    expect(await waiting).toBeNull();
    client.close();
    await next.stop();
  });

  test("takes over in a planned move, with nothing lost", async () => {
    await serve({ node: engine.node });
    const { host, port } = engine.node.address!;
    const lines = [`replicaof ${host} ${port}`, "masteruser larder-app", "masterauth engine-password"];
    const target = await startRemoteEngine(certificates, { nodeId: "node-2", lines });
    const direct = await CommandClient.connect({ unix: target.socketPath });
    await direct.ask("AUTH", "larder-app", "engine-password");
    const info = async () => String(await direct.ask("INFO", "replication"));
    await until("the target is in step", async () => (await info()).includes("master_link_status:up"));
    const client = await logIn();
    const blocked = (await logIn()).ask("BLPOP", "list", "0");
    const move = (phase: "prepare" | "hold") => ({ moveId: "m", target: target.node, phase, holdMs: 5_000 });
    const reached = (state: string) => until(state, () => served.gateway.moveReports()[0]?.state === state);
    expect(await client.ask("INCR", "n")).toBe(1);
    publish({ move: move("prepare") });
    await reached("prepared");
    publish({ move: move("hold") });
    await reached("drained");
    const held = client.ask("INCR", "n");
    await until("the target has all", async () => (await direct.ask("GET", "n")) === "1");
    await direct.ask("REPLICAOF", "NO", "ONE");
    publish({ node: target.node, epoch: route.epoch + 1, move: null });
    expect(await held).toBe(2);
    expect(await client.ask("RPUSH", "list", "item")).toBe(1);
    expect(await blocked).toEqual(["list", "item"]);
    expect(await direct.ask("GET", "n")).toBe("2");
    client.close();
    direct.close();
    await target.stop();
  });

  test("is not spoken to where either end does not know the other's authority", async () => {
    const others = new TestNodeCertificates();
    await others.issue();
    const metric = (name: string) => served.gateway.metrics()[`larder_gateway_${name}`] as number;
    for (const [own, ca] of [
      [certificates, others],
      [others, certificates],
    ] as const) {
      const paths = { cert: own.path("cert"), key: own.path("key"), ca: ca.path("ca") };
      await serve({ node: engine.node }, new NodeCertificate(paths));
      const tried = metric("server_connections_total");
      const errors = metric("internal_errors_total");
      await until("it was tried", () => metric("server_connections_total") > tried + 5);
      expect(await engineConnections()).toBe(0);
      expect(metric("internal_errors_total")).toBe(errors);
      served.gateway.stop();
    }
    others.remove();
  });

  test("is not reached without a certificate, and clients are told that nothing ran", async () => {
    served = await startGateway({ node: engine.node }, engine);
    const client = await logIn();
    expect(String(await client.ask("GET", "k"))).toContain("UNAVAILABLE");
    client.close();
  }, 20_000);
});

describe.skipIf(!hasValkey)("an engine of this host", () => {
  test("is reached by its socket, and a new address of it changes nothing", async () => {
    const here = { ...nodeOf(engine), address: engine.node.address };
    await serve({ node: here });
    const subscriber = await logIn();
    const messages: unknown[] = [];
    subscriber.onMessage = (message) => messages.push(message);
    subscriber.send("SUBSCRIBE", "news");
    await until("it is subscribed", () => messages.length === 1);
    publish({ node: { ...here, address: { host: "127.0.0.1", port: 1 } }, epoch: route.epoch + 1 });
    const client = await logIn();
    expect(await client.ask("PUBLISH", "news", "hello")).toBe(1);
    await until("the message has come", () => messages.length === 2);
    expect(subscriber.isEnded).toBe(false);
    subscriber.close();
    client.close();
  });
});

/** Clients that have got past the handshake, but for the one that asks. */
async function engineConnections(): Promise<number> {
  const direct = await CommandClient.connect({ unix: engine.socketPath });
  await direct.ask("AUTH", "larder-app", "engine-password");
  const text = String(await direct.ask("CLIENT", "LIST"));
  direct.close();
  return text.split("\n").filter((line) => line.includes("user=larder-app")).length - 1;
}
