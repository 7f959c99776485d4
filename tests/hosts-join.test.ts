/** Hosts that join a controller over mutual TLS: real agents, a real controller in this process with a clock that is moved. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import { agentDoorName, type HostResource, hostLimits, type JoinToken } from "@larder/api";
import { systemRandomness } from "@larder/service";
import { newKeyPair } from "../packages/agent/identity.ts";
import { ControllerFixture } from "../packages/controller/controller-fixture.ts";
import { JoiningAgent } from "./fixture/joining-agent.ts";
import { MovedClock } from "./fixture/moved-clock.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

const refusedStatus = 77;
let clock: MovedClock;
let controller: ControllerFixture;
let agents: JoiningAgent[];

beforeEach(async () => {
  clock = new MovedClock();
  agents = [];
  controller = new ControllerFixture({ agentHost: "127.0.0.1", clock });
  await controller.start({ agent: false, gateway: false });
});
afterEach(async () => {
  for (const agent of agents) await agent.clear();
  await controller.stop();
});

function newAgent(): JoiningAgent {
  const agent = new JoiningAgent();
  agents.push(agent);
  return agent;
}

async function newToken(): Promise<JoinToken> {
  return (await controller.call("POST", "/larder/hosts/tokens")).body;
}

async function hosts(): Promise<HostResource[]> {
  return (await controller.call("GET", "/larder/hosts")).body.value;
}

async function host(name: string): Promise<HostResource | undefined> {
  return (await hosts()).find((one) => one.name === name);
}

/** An agent that has joined as `name` and is heard. */
async function joined(name: string, zone = "1"): Promise<JoiningAgent> {
  const agent = newAgent();
  const { token, joinUrl } = await newToken();
  expect(await agent.start({ join: joinUrl, address: "127.0.0.2", name, zone }, token)).toBe("ready");
  await until(`${name} is active`, async () => (await host(name))?.state === "active");
  return agent;
}

/** What the door says to somebody with the certificate of an agent, or without one. */
async function ask(
  agent: Pick<JoiningAgent, "identity">,
  path: string,
  options: { body?: unknown; certificate?: { cert: string; key: string } | null } = {},
): Promise<{ status: number; body: { certificatePem?: string; error?: { code: string; message: string } } }> {
  const { controllerUrl, authorityPem, certificatePem, keyPem } = agent.identity;
  const own = options.certificate === undefined ? { cert: certificatePem, key: keyPem } : options.certificate;
  const response = await fetch(`${controllerUrl}${path}`, {
    tls: { ca: authorityPem, serverName: agentDoorName, ...own },
    ...(options.body === undefined ? {} : { method: "POST", body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : {} };
}

test("a host joins by a token, is shown with what it has, and needs no token again", async () => {
  const agent = await joined("rack-7", "2");
  const { hostId } = agent.identity;
  expect(await host("rack-7")).toMatchObject({ hostId, address: "127.0.0.2", zone: "2", draining: false, nodes: [] });
  expect(statSync(agent.identityPath).mode & 0o777).toBe(0o600);
  await agent.stop();
  await until("it is silent", async () => (await host("rack-7"))?.state === "silent");
  expect(await agent.start({})).toBe("ready");
  await until("it is active", async () => (await host("rack-7"))?.state === "active");
  expect((await host("rack-7"))?.hostId).toBe(hostId);

  await agent.stop();
  expect(await agent.start({ zone: "3", name: "rack-8" })).toBe("ready");
  await until("it has its new zone", async () => (await host("rack-8"))?.zone === "3");
  expect(await host("rack-8")).toMatchObject({ hostId, address: "127.0.0.2" });
});

describe("a token", () => {
  async function refused(token: string, joinUrl: string): Promise<string> {
    const agent = newAgent();
    const line = await agent.start({ join: joinUrl, address: "127.0.0.2", name: "stranger" }, token);
    expect(await agent.exited).toBe(refusedStatus);
    return JSON.parse(line).error.message;
  }

  test("that the controller did not make is refused", async () => {
    const { token, joinUrl } = await newToken();
    const [prefix, , pin] = token.split(".");
    const secret = systemRandomness.bytes(32).toString("base64url");
    expect(await refused(`${prefix}.${secret}.${pin}`, joinUrl)).toContain("not one of this service");
    expect(await refused("a-password", joinUrl)).toContain("not a join token");
    expect(await hosts()).toEqual([]);
  });

  test("is for one host", async () => {
    const { token, joinUrl } = await newToken();
    const first = newAgent();
    expect(await first.start({ join: joinUrl, address: "127.0.0.2", name: "first" }, token)).toBe("ready");
    expect(await refused(token, joinUrl)).toContain("was used already");
    expect((await hosts()).map(({ name }) => name)).toEqual(["first"]);
  });

  test("ends after its time", async () => {
    const { token, joinUrl } = await newToken();
    clock.advance(hostLimits.tokenMs);
    expect(await refused(token, joinUrl)).toContain("expired");
  });

  test("is told to no controller but the one that made it", async () => {
    const { token, joinUrl } = await newToken();
    const [prefix, secret] = token.split(".");
    const otherPin = systemRandomness.bytes(32).toString("base64url");
    expect(await refused(`${prefix}.${secret}.${otherPin}`, joinUrl)).toContain("The token was not sent to it");
    const agent = newAgent();
    expect(await agent.start({ join: joinUrl, address: "127.0.0.2", name: "rack-7" }, token)).toBe("ready");
  });

  test("may be used again by the same host, whose answer was lost", async () => {
    const agent = await joined("rack-7");
    const [, secret] = (await newToken()).token.split(".");
    const request = {
      secret,
      publicKeyPem: newKeyPair().publicKeyPem,
      name: "rack-8",
      address: "127.0.0.3",
      zone: null,
    };
    const answers = [];
    for (let time = 0; time < 2; time++) answers.push(await ask(agent, "/join", { body: request, certificate: null }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(answers.map(({ body }) => (body as { hostId?: string }).hostId)).size).toBe(1);
    expect((await hosts()).map(({ name }) => name)).toEqual(["rack-7", "rack-8"]);
  });

  test("with a name that is taken can be used with another", async () => {
    await joined("rack-7");
    const { token, joinUrl } = await newToken();
    const agent = newAgent();
    const line = await agent.start({ join: joinUrl, address: "127.0.0.3", name: "RACK-7" }, token);
    expect(JSON.parse(line).error.code).toBe("NameNotAvailable");
    expect(await agent.start({ join: joinUrl, address: "127.0.0.3", name: "rack-8" }, token)).toBe("ready");
  });
});

test("a host speaks for itself only, and a stranger for nobody", async () => {
  const [one, other] = [await joined("one"), await joined("other")];
  const { hostId } = one.identity;
  const report = { hostId: other.identity.hostId, nodes: [], engines: [] };
  const refusals = [
    await ask(one, `/agent/watch?host=${other.identity.hostId}`),
    await ask(one, "/agent/report", { body: report }),
    await ask(one, "/agent/register", { body: { ...report, name: "x", address: "127.0.0.9", zone: null } }),
    await ask(one, "/gateway/watch?worker=1"),
    await ask(one, "/gateway/report", { body: {} }),
    await ask(one, `/agent/watch?host=${hostId}`, { certificate: null }),
    await ask(one, "/agent/report", { body: { hostId }, certificate: null }),
    await ask(one, "/agent/renew", { body: { publicKeyPem: newKeyPair().publicKeyPem }, certificate: null }),
  ];
  expect(refusals.map(({ status }) => status)).toEqual(refusals.map(() => 403));
  expect((await hosts()).map(({ state }) => state)).toEqual(["active", "active"]);
});

test("a host with another address gets a certificate for it", async () => {
  const agent = await joined("rack-7");
  await agent.stop();
  await agent.start({ address: "127.0.0.9" });
  const has = (address: string) => new X509Certificate(agent.identity.certificatePem).checkIP(address) !== undefined;
  await until("it is renewed", () => has("127.0.0.9"));
  expect(has("127.0.0.2")).toBe(false);
  await agent.stop();
  expect(await agent.start({})).toBe("ready");
  await until("it is active", async () => (await host("rack-7"))?.state === "active");
});

test("a renewed certificate takes the place of the one before the last", async () => {
  const agent = await joined("rack-7");
  const { certificatePem, keyPem } = agent.identity;
  await agent.stop();
  const held = [{ cert: certificatePem, key: keyPem }];
  for (let time = 0; time < 2; time++) {
    const key = newKeyPair();
    const answer = await ask(agent, "/agent/renew", { body: key, certificate: held[time] ?? null });
    held.push({ cert: answer.body.certificatePem as string, key: key.keyPem });
  }
  const statuses = [];
  for (const certificate of held)
    statuses.push((await ask(agent, "/agent/report", { body: {}, certificate })).body.error);
  expect(statuses.map((error) => error?.message.includes("speaks for no other"))).toEqual([false, true, true]);
});

describe("a host that was removed", () => {
  test("hears so, ends, and is refused for good", async () => {
    const agent = await joined("rack-7");
    const { identity } = agent;
    const { hostId } = identity;
    expect((await controller.call("DELETE", `/larder/hosts/${hostId}`)).status).toBe(204);
    expect(await agent.exited).toBe(refusedStatus);
    expect(JSON.parse(agent.lines.at(-1) ?? "").error).toMatchObject({ code: "HostRemoved" });
    expect(await agent.start({})).toBe("ready");
    expect(await agent.exited).toBe(refusedStatus);
    expect((await ask({ identity }, "/agent/report", { body: { hostId } })).body.error?.code).toBe("HostRemoved");
    expect(await hosts()).toEqual([]);
    expect((await controller.call("DELETE", `/larder/hosts/${hostId}`)).status).toBe(404);
  });

  test("had no nodes, or was silent and its operator insisted", async () => {
    const agent = await joined("rack-7");
    const { hostId } = agent.identity;
    const group = await controller.group();
    const body = { location: "local", properties: { sku: { name: "Basic", family: "C", capacity: 0 } } };
    await controller.call("PUT", `${group}/providers/Microsoft.Cache/redis/shop`, { body });
    const remove = (query = "") => controller.call("DELETE", `/larder/hosts/${hostId}?api-version=x${query}`);
    expect((await remove()).body.error.message).toBe("rack-7 has nodes of shop. Drain it first.");
    expect((await remove("&force=true")).status).toBe(409);
    await agent.stop("SIGKILL");
    await until("it is silent", async () => (await host("rack-7"))?.state === "silent");
    await until("the controller knows who is silent", async () => (await remove()).status === 409);
    expect((await remove()).body.error.message).toContain("with force");
    expect((await remove("&force=true")).status).toBe(204);
  });
});

test("a service without a door says how to open one", async () => {
  const closed = new ControllerFixture();
  await closed.start({ agent: false, gateway: false });
  expect((await closed.call("POST", "/larder/hosts/tokens")).body.error.message).toContain("--agent-host");
  await closed.stop();
});
