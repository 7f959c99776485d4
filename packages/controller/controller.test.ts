/** The life of a controller: what it does without peers, as they come and go, over restarts, and where it cannot start. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { basicC0, ControllerFixture } from "./controller-fixture.ts";

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

async function started(
  peers?: { agent?: boolean; gateway?: boolean },
  options?: ConstructorParameters<typeof ControllerFixture>[0],
) {
  const fixture = new ControllerFixture(options);
  open.push(fixture);
  await fixture.start(peers);
  const group = await fixture.group();
  const path = (name: string) => `${group}/providers/Microsoft.Cache/redis/${name}`;
  return { fixture, path };
}

/** Answers until one is as wanted; the test's own time limit ends it otherwise. */
async function eventually<T>(look: () => Promise<T>, isWanted: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = await look();
    if (isWanted(seen)) return seen;
  }
}

describe("peers", () => {
  test("without a host a creation is refused for now", async () => {
    const { fixture, path } = await started({ agent: false });
    const answer = await fixture.call("PUT", path("shop"), { body: basicC0 });
    expect([answer.status, answer.body.error.code]).toEqual([503, "ServiceUnavailable"]);
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  test("a host that connects while a creation waits takes it", async () => {
    const { fixture, path } = await started({ agent: false });
    const creating = fixture.call("PUT", path("shop"), { body: basicC0 });
    await fixture.agent.start();
    expect((await creating).status).toBe(201);
  });

  test("a creation waits for the first gateway", async () => {
    const { fixture, path } = await started({ gateway: false });
    const answer = await fixture.call("PUT", path("shop"), { body: basicC0 });
    await eventually(
      () => fixture.call("GET", path("shop")),
      ({ body }) => body.properties.larder.engine !== null,
    );
    expect((await fixture.call("GET", path("shop"))).body.properties.provisioningState).toBe("Creating");
    fixture.gateway.start();
    expect((await fixture.ended(answer)).body.status).toBe("Succeeded");
  });

  test("those that leave are noticed, and the cache says so", async () => {
    const { fixture, path } = await started();
    await fixture.ended(await fixture.call("PUT", path("shop"), { body: basicC0 }));
    fixture.gateway.stop();
    await eventually(
      () => fixture.call("GET", "/health"),
      ({ body }) => body.gateways === 0,
    );
    const { body } = await fixture.call("GET", path("shop"));
    expect(body.properties).toMatchObject({
      provisioningState: "Succeeded",
      larder: { state: "unavailable", problem: { code: "ServiceUnavailable" } },
    });
  });

  test("a host without an engine is said at once", async () => {
    const { fixture, path } = await started();
    fixture.agent.engines = [];
    await fixture.agent.report();
    const answer = await fixture.call("PUT", path("shop"), { body: basicC0 });
    expect([answer.status, answer.body.error.code]).toEqual([400, "EngineNotAvailable"]);
  });

  test("a port that somebody else has is passed over", async () => {
    const { fixture, path } = await started();
    fixture.gateway.portsInUse = new Set([10_000, 10_002]);
    const answer = await fixture.call("PUT", path("shop"), { body: basicC0 });
    expect((await fixture.ended(answer)).body.status).toBe("Succeeded");
    expect(fixture.gateway.table?.routes[0]?.tlsPort).toBe(10_003);
  });
});

describe("a restart", () => {
  test("goes on with what was under way, and keeps identity, token and epoch", async () => {
    const first = await started();
    first.fixture.agent.outcome = () => ({ state: "starting" });
    const { token } = first.fixture;
    const answer = await first.fixture.call("PUT", first.path("shop"), { body: basicC0 });
    const epochs = () => first.fixture.gateway.tables.flatMap((table) => table.routes.map((route) => route.epoch));
    await first.fixture.controller.stop();

    const controller = first.fixture.another();
    open.unshift(controller);
    await controller.start();
    expect(first.fixture.token).toBe(token);
    first.fixture.agent.outcome = () => ({});
    const url = new URL(answer.headers.get("azure-asyncoperation") as string);
    url.port = String(controller.apiPort);
    const end = await eventually(
      () => first.fixture.call("GET", url.href),
      ({ body }) => body.status !== "InProgress",
    );
    expect(end.body.status).toBe("Succeeded");
    expect(epochs()).toEqual(epochs().sort((a, b) => a - b));
  });
});

describe("a start that cannot be", () => {
  test("on a port that is taken says which", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    const fixture = new ControllerFixture({ apiPort: port });
    open.push(fixture, { stop: async () => void server.close() });
    await expect(fixture.start()).rejects.toMatchObject({
      code: "PortInUse",
      message: expect.stringContaining(String(port)),
    });
  });

  test("in a place that is no directory says which", async () => {
    const directory = mkdtempSync(join(tmpdir(), "larder-start-"));
    const file = join(directory, "file");
    writeFileSync(file, "");
    const fixture = new ControllerFixture({ dataDirectory: join(file, "data") });
    open.push(fixture, { stop: async () => rmSync(directory, { recursive: true }) });
    await expect(fixture.start()).rejects.toMatchObject({
      code: "DataDirectoryUnusable",
      message: expect.stringContaining(file),
    });
  });
});

test("secrets are their owner's alone", async () => {
  const { fixture } = await started();
  const mode = (path: string) => statSync(path).mode & 0o777;
  const files = ["data/admin-token", "data/store.db", "data/pki/ca-key.pem", "c.sock"].map((name) =>
    join(fixture.directory, name),
  );
  expect(files.map(mode)).toEqual([0o600, 0o600, 0o600, 0o600]);
});
