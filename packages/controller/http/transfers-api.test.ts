/** Import and export, over the API, with an agent that speaks the protocol and moves nothing. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { CacheEvent, TransferId, TransferSpec } from "@larder/api";
import { systemClock } from "@larder/service";
import { type Answer, basicC0, ControllerFixture } from "../controller-fixture.ts";

let fixture: ControllerFixture;
let cache: string;

beforeEach(async () => {
  let sinceStartMs = 0;
  fixture = new ControllerFixture({ clock: { ...systemClock, nowMs: () => systemClock.nowMs() + sinceStartMs } });
  fixture.agent.answer = () => ({ error: null, offset: 0 });
  await fixture.start();
  // Moves wait a while for the first reports after a start.
  sinceStartMs = 10_000;
  cache = `${await fixture.group()}/providers/Microsoft.Cache/redis/shop`;
  await fixture.ended(await fixture.call("PUT", cache, { body: basicC0 }));
});
afterEach(() => fixture.stop());

const call = (method: string, path: string, body?: unknown) =>
  fixture.call(method, `${cache}/${path}`, body === undefined ? {} : { body });
const refusal = ({ status, body }: Answer) => [status, body.error.code, body.error.target];
const transferOf = (answer: Answer) => `transfers/${answer.headers.get("x-larder-transfer")}`;

async function eventOf(kind: CacheEvent["kind"]): Promise<CacheEvent | undefined> {
  const events: CacheEvent[] = (await call("GET", "events")).body.value;
  return events.find((event) => event.kind === kind);
}

const signedFile = (changes: Record<string, string> = {}) => {
  const signature = { sv: "2023-11-03", se: "2999-01-01T00:00Z", sp: "rw", sig: "SECRET", ...changes };
  return `https://account.blob.core.windows.net/box/shop.rdb?${new URLSearchParams(signature).toString()}`;
};
const signed = signedFile();
const container = signed.replace("/shop.rdb", "");

describe("export", () => {
  test("is asked of the cache's node, polled to its end, and in the history", async () => {
    fixture.agent.progress = () => ({ state: "running", keys: 5, bytes: 100 });
    const answer = await call("POST", "export", { prefix: "shop", container, format: "RDB" });
    expect(answer.status).toBe(202);
    expect(answer.body).toBe("");
    const running = await call("GET", transferOf(answer));
    expect(running.body).toMatchObject({
      kind: "export",
      to: ["https://account.blob.core.windows.net/box/shop.rdb"],
    });
    fixture.agent.progress = () => ({ state: "done", keys: 12, bytes: 345 });
    await fixture.agent.report();
    expect((await fixture.ended(answer)).body.status).toBe("Succeeded");
    expect((await fixture.call("GET", answer.headers.get("location") as string)).status).toBe(200);
    expect((await call("GET", transferOf(answer))).body).toMatchObject({ status: "succeeded", progress: { keys: 12 } });
    expect(await eventOf("export")).toMatchObject({ kind: "export", cause: "asked for" });
    expect(fixture.agent.desired?.transfers).toEqual([]);
  });

  test("as many as may be are under way, also when all begin at the same moment", async () => {
    fixture.agent.progress = () => ({ state: "running" });
    const answers = await Promise.all(
      Array.from({ length: 22 }, (_, index) =>
        call("POST", "export", { prefix: `p${index}`, container: "file:///out" }),
      ),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(20);
    expect(answers.find(({ status }) => status !== 202)?.body.error.code).toBe("Conflict");
    await fixture.agent.report();
    const metrics = (await fixture.call("GET", "/metrics")).body as string;
    expect(metrics).toContain('larder_transfer_bytes{cache="shop",kind="export"}');
  });

  test("that the agent cannot do fails with its words", async () => {
    fixture.agent.progress = () => ({
      state: "failed",
      error: { code: "StorageFull", message: "shop.rdb at 5: no room" },
    });
    const answer = await call("POST", "export", { prefix: "shop", container });
    const ended = await fixture.ended(answer);
    expect(ended.body).toMatchObject({
      status: "Failed",
      error: { code: "StorageFull", message: "shop.rdb at 5: no room" },
    });
  });

  test("goes on where no host gets nodes any more", async () => {
    await fixture.agent.register("rack-7");
    await fixture.call("POST", `/larder/hosts/${fixture.agent.hostId}/drain`);
    expect((await call("POST", "import", { files: [signed] })).body.error.code).toBe("InsufficientCapacity");
    expect((await call("POST", "export", { prefix: "shop", container })).status).toBe(202);
  });

  test("of the embedded engine is refused when it is asked for, and so are backups", async () => {
    const [engine] = fixture.agent.engines;
    if (engine !== undefined) fixture.agent.outcome = () => ({ engine: { ...engine, kind: "embedded" } });
    await fixture.agent.report();
    expect(refusal(await call("POST", "export", { prefix: "shop", container }))[1]).toBe("OperationNotSupported");
    const location = signedFile({ sp: "rwdl" }).replace("/shop.rdb", "");
    expect(refusal(await call("POST", "backups", { location }))[1]).toBe("OperationNotSupported");
    const schedule = { properties: { location, everyMinutes: 360, keep: 2 } };
    expect(refusal(await call("PUT", "backupPolicies/default", schedule))[1]).toBe("OperationNotSupported");
    expect((await call("GET", "backups")).body.value).toEqual([]);
  });

  test("has one file, named by the prefix", async () => {
    const specs: TransferSpec[] = [];
    fixture.agent.progress = (spec) => {
      specs.push(spec);
      return { state: "done" };
    };
    await fixture.ended(await call("POST", "export", { prefix: "a/b", container: "file:///out", gzip: "true" }));
    expect(specs[0]).toMatchObject({ kind: "export", fileName: "a/b.rdb.gz", to: { url: "file:///out" } });
  });
});

describe("import", () => {
  test("fills a node, which takes over", async () => {
    fixture.agent.progress = () => ({ state: "running", keys: 1 });
    const before = fixture.agent.desired?.nodes[0]?.nodeId;
    const answer = await call("POST", "import", { files: [signed], format: "RDB" });
    expect(answer.status).toBe(202);
    await until(() => fixture.agent.desired?.transfers.length === 1);
    const [spec] = fixture.agent.desired?.transfers ?? [];
    const intake = fixture.agent.desired?.nodes.find(({ isIntake }) => isIntake);
    expect(spec).toMatchObject({ kind: "import", mode: "fill", nodeId: intake?.nodeId });
    fixture.agent.progress = () => ({ state: "done", keys: 7 });
    await fixture.agent.report();
    const ended = await fixture.ended(answer);
    expect(ended.body).toMatchObject({ status: "Succeeded" });
    expect(await eventOf("import")).toMatchObject({
      kind: "import",
      text: "The cache's data was replaced by 7 keys (0 bytes)",
    });
    await until(() => fixture.agent.desired?.nodes.length === 1);
    expect(fixture.agent.desired?.nodes).toMatchObject([{ nodeId: intake?.nodeId, isIntake: false }]);
    expect(intake?.nodeId).not.toBe(before as never);
    const led = fixture.agent.orders.find(({ kind }) => kind === "lead");
    expect(led).toMatchObject({ transferId: spec?.transferId as string });
  });

  test("keeps a host that is drained from being empty, which says so", async () => {
    fixture.agent.progress = () => ({ state: "running", keys: 1, bytes: 64, bytesTotal: 100 });
    await fixture.agent.register("rack-7");
    const hosts = async () => (await fixture.call("GET", "/larder/hosts")).body.value;
    const answer = await call("POST", "import", { files: [signed] });
    await until(() => fixture.agent.desired?.transfers.length === 1);
    await fixture.agent.report();
    const [host] = await hosts();
    expect((await fixture.call("POST", `/larder/hosts/${host.hostId}/drain`)).body.nodes).toMatchObject([
      { cache: "shop", fill: null },
      { cache: "shop", fill: { kind: "import", status: "running", progress: { bytes: 64, bytesTotal: 100 } } },
    ]);
    expect(JSON.stringify(await hosts())).not.toContain("SECRET");
    await call("POST", `${transferOf(answer)}/cancel`);
    expect((await hosts())[0].nodes).toHaveLength(1);
  });

  test("that is cancelled leaves the cache as it was", async () => {
    const answer = await call("POST", "import", { files: [signed] });
    await until(() => fixture.agent.desired?.transfers.length === 1);
    expect((await call("POST", `${transferOf(answer)}/cancel`)).body).toMatchObject({ status: "cancelled" });
    expect((await fixture.ended(answer)).body.error).toMatchObject({ code: "TransferCancelled" });
    await until(() => fixture.agent.desired?.nodes.length === 1);
    expect(refusal(await call("POST", `${transferOf(answer)}/cancel`))[1]).toBe("Conflict");
  });

  test("shows no secret, and keeps none when it is over", async () => {
    fixture.agent.progress = () => ({ state: "failed", error: { code: "BadFile", message: "no" } });
    const answer = await call("POST", "import", { files: [signed] });
    expect(JSON.stringify((await call("GET", "transfers")).body)).not.toContain("SECRET");
    await fixture.ended(answer);
    const text = JSON.stringify((await call("GET", "transfers")).body);
    expect(text).toContain("https://account.blob.core.windows.net/box/shop.rdb");
    expect(text).not.toContain("SECRET");
  });

  test.each([
    [{}, "files"],
    [{ files: [] }, "files"],
    [{ files: ["shop.rdb"] }, "files.0"],
    [{ files: ["ftp://box/shop.rdb"] }, "files.0"],
    [{ files: [{ url: "shop.rdb" }] }, "files.0.url"],
    [
      { files: [signed], "preferred-data-archive-auth-method": { toString: "SAS" } },
      "preferred-data-archive-auth-method",
    ],
    [{ files: ["s3://box/shop.rdb"] }, "files.0"],
    [{ files: [signed, signedFile({ se: "2020-01-01" })] }, "files.1"],
    [{ files: [signedFile({ st: "2998-01-01" })] }, "files.0"],
    [{ files: [signedFile({ sp: "w" })] }, "files.0"],
    [{ files: [signed], existing: "keep" }, "existing"],
    [{ files: [signed], filter: { databases: [99] } }, "filter.databases"],
    [{ files: [signed], filter: { types: ["tree"] } }, "filter.types.0"],
  ])("refuses %j", async (body, target) => {
    expect(refusal(await call("POST", "import", body))).toEqual([400, "InvalidParameter", target]);
  });

  test("by a managed identity is refused", async () => {
    const body = { files: [signed], "preferred-data-archive-auth-method": "ManagedIdentity" };
    expect(refusal(await call("POST", "import", body))[1]).toBe("OperationNotSupported");
  });
});

describe("migration", () => {
  const source = { addresses: [{ host: "old", port: "6380" }], username: "mover", password: "SECRET", tls: true };

  test("is paused, resumed, cut over by a word, and shows no password", async () => {
    fixture.agent.progress = (spec) => ({
      state: "isPaused" in spec && spec.isPaused ? "paused" : "following",
      lagBytes: 0,
    });
    const answer = await call("POST", "migrate", { source, cutOver: "manual" });
    const transfer = transferOf(answer);
    await until(() => fixture.agent.desired?.transfers.length === 1);
    expect((await call("POST", `${transfer}/pause`)).body).toMatchObject({ paused: true, from: ["old:6380"] });
    expect(refusal(await call("POST", `${transfer}/cutover`))[1]).toBe("Conflict");
    expect((await call("POST", `${transfer}/resume`)).body).toMatchObject({ paused: false, cutOver: "manual" });
    expect(JSON.stringify((await call("GET", "transfers")).body)).not.toContain("SECRET");
    await call("POST", `${transfer}/cutover`);
    await until(() => fixture.agent.orders.some(({ kind }) => kind === "lead"));
    const place = { history: "h", offset: 5 };
    fixture.agent.progress = () => ({ state: "done", keys: 3, place });
    await fixture.agent.report();
    expect((await fixture.ended(answer)).body.status).toBe("Succeeded");
    expect(await eventOf("migration")).toMatchObject({ text: "The cache has 3 keys (0 bytes) of another server now" });
    fixture.agent.progress = () => ({ state: "following" });
    await call("POST", "reverse", { target: source });
    await until(() => fixture.agent.desired?.transfers[0]?.kind === "reverse");
    const back = { migrationId: transfer.slice("transfers/".length), from: place };
    expect(fixture.agent.desired?.transfers[0]).toMatchObject(back);
  });

  test("is written back once at a time, and the next time goes on where the old server says", async () => {
    const place = { history: "h", offset: 5 };
    fixture.agent.progress = ({ kind }) =>
      kind === "migrate" ? { state: "following", lagBytes: 0, place } : { state: "following" };
    const migration = await call("POST", "migrate", { source });
    await fixture.ended(migration);
    const first = await call("POST", "reverse", { target: source });
    expect(refusal(await call("POST", "reverse", { target: source }))[1]).toBe("Conflict");
    await call("POST", `${transferOf(first)}/cancel`);
    await call("POST", "reverse", { target: source });
    await until(() => fixture.agent.desired?.transfers[0]?.kind === "reverse");
    const migrationId = migration.headers.get("x-larder-transfer") as TransferId;
    expect(fixture.agent.desired?.transfers[0]).toMatchObject({ migrationId });
  });

  test("a cache that was not migrated has no way back", async () => {
    expect(refusal(await call("POST", "reverse", { target: source }))[1]).toBe("Conflict");
  });

  test("a comparison is with a server or with a file", async () => {
    fixture.agent.progress = () => ({ state: "done", differences: { count: 0, examples: [] } });
    for (const other of [source, signed])
      expect((await fixture.ended(await call("POST", "compare", { with: other }))).body.status).toBe("Succeeded");
  });

  test.each([
    ["migrate", {}, "source"],
    ["migrate", { source: { addresses: [] } }, "source.addresses"],
    ["migrate", { source: { addresses: [{ host: "a b" }] } }, "source.addresses.0.host"],
    ["migrate", { source: { ...source, topology: "sentinel" } }, "source.sentinelName"],
    ["migrate", { source: { addresses: [{ host: "old" }], username: "mover" } }, "source.password"],
    ["compare", { with: signedFile({ se: "2020-01-01" }) }, "with"],
    ["compare", { with: source, sample: 0 }, "sample"],
  ])("%s refuses %j", async (action, body, target) => {
    expect(refusal(await call("POST", action, body))).toEqual([400, "InvalidParameter", target]);
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 500) throw new Error("it did not come to that");
    await Bun.sleep(10);
  }
}
