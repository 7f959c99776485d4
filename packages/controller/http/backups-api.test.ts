/** Backups over the API, with an agent that speaks the protocol and stores nothing. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { BackupManifest, FilesOrder, TransferSpec } from "@larder/api";
import { systemClock } from "@larder/service";
import { type Answer, basicC0, ControllerFixture } from "../controller-fixture.ts";
import { manifestFixture } from "../documents/backup-fixture.ts";

let fixture: ControllerFixture;
let cache: string;
let specs: TransferSpec[];
let asked: FilesOrder[];

beforeEach(async () => {
  let sinceStartMs = 0;
  fixture = new ControllerFixture({ clock: { ...systemClock, nowMs: () => systemClock.nowMs() + sinceStartMs } });
  specs = [];
  asked = [];
  fixture.agent.answer = () => ({ error: null, offset: 0 });
  fixture.agent.answerFiles = (order) => {
    asked.push(order);
    return { error: null, offset: null, backups: [manifestFixture] };
  };
  fixture.agent.progress = (spec) => {
    specs.push(spec);
    return { state: "done", keys: 12, ...(spec.kind === "export" ? { backup: manifestOf(spec) } : {}) };
  };
  await fixture.start();
  // Moves wait a while for the first reports after a start.
  sinceStartMs = 10_000;
  cache = `${await fixture.group()}/providers/Microsoft.Cache/redis/shop`;
  await fixture.ended(await fixture.call("PUT", cache, { body: basicC0 }));
});
afterEach(() => fixture.stop());

function manifestOf(spec: TransferSpec): BackupManifest {
  if (spec.kind !== "export" || spec.backup === undefined) throw new Error("no backup");
  return { ...manifestFixture, ...spec.backup, file: spec.fileName };
}

const call = (method: string, path: string, body?: unknown) =>
  fixture.call(method, `${cache}/${path}`, body === undefined ? {} : { body });
const refusal = ({ status, body }: Answer) => [status, body.error.code, body.error.target];
const location = "https://account.blob.core.windows.net/box?se=2999-01-01T00:00Z&sp=rwdl&sig=SECRET";
const shownLocation = "https://account.blob.core.windows.net/box";
const properties = { location, everyMinutes: 360, keep: 2 };

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await Bun.sleep(5);
}

async function made(): Promise<string> {
  const answer = await call("POST", "backups", { location });
  expect(answer.status).toBe(202);
  await fixture.agent.report();
  const name = answer.body.name as string;
  await until(async () => (await call("GET", `backups/${name}`)).body.state === "made");
  return name;
}

describe("a schedule", () => {
  test("is set, shown without secrets, and taken back", async () => {
    expect((await call("GET", "backupPolicies/default")).status).toBe(404);
    const put = await call("PUT", "backupPolicies/default", { properties });
    expect([put.status, put.body.properties]).toMatchObject([
      201,
      { location: shownLocation, everyMinutes: 360, keep: 2 },
    ]);
    expect((await call("PUT", "backupPolicies/default", { properties: { ...properties, keep: 5 } })).status).toBe(200);
    expect(JSON.stringify((await call("GET", "backupPolicies/default")).body)).not.toContain("SECRET");
    expect((await call("DELETE", "backupPolicies/default")).status).toBe(200);
    expect((await call("DELETE", "backupPolicies/default")).status).toBe(204);
    const texts = (await call("GET", "events")).body.value.map(({ text }: { text: string }) => text);
    expect(texts).toContain(`A backup is made every 360 minutes to ${shownLocation}, and 2 are kept`);
  });

  test("has the first made at once, and says when the next one is", async () => {
    await call("PUT", "backupPolicies/default", { properties });
    await until(() => specs.length > 0);
    expect(specs[0]).toMatchObject({ kind: "export", gzip: true, backup: { cache: "shop" }, to: { url: location } });
    await fixture.agent.report();
    const policy = async () => (await call("GET", "backupPolicies/default")).body.properties;
    await until(async () => (await policy()).lastGoodAt !== null);
    expect(Date.parse((await policy()).nextAt)).toBeGreaterThan(systemClock.nowMs() + 350 * 60_000);
    const metrics = (await fixture.call("GET", "/metrics")).body as string;
    expect(metrics).toContain('larder_cache_backup_age_seconds{cache="shop"}');
    expect(metrics).not.toContain("larder_cache_verified_backup_age_seconds{");
  });

  test.each([
    [{ ...properties, everyMinutes: 5 }, "properties.everyMinutes"],
    [{ ...properties, keep: 0 }, "properties.keep"],
    [{ ...properties, startAt: "25:00" }, "properties.startAt"],
    [{ ...properties, everyMinutes: 100, startAt: "03:00" }, "properties.startAt"],
    [{ ...properties, location: "backups" }, "properties.location"],
    [{ ...properties, location: shownLocation }, "properties.location"],
    [{ ...properties, location: location.replace("2999", "2020") }, "properties.location"],
  ])("that makes no sense is refused: %#", async (given, target) => {
    expect(refusal(await call("PUT", "backupPolicies/default", { properties: given }))).toEqual([
      400,
      "InvalidParameter",
      target,
    ]);
  });
});

describe("a backup", () => {
  test("is made, listed, and removed with its files", async () => {
    const name = await made();
    const { value } = (await call("GET", "backups")).body;
    expect(value).toMatchObject([{ name, state: "made", cause: "asked for", location: shownLocation, verified: null }]);
    expect(JSON.stringify(value)).not.toContain("SECRET");
    expect((await call("DELETE", `backups/${name}`)).status).toBe(202);
    await until(async () => (await call("GET", "backups")).body.value.length === 0);
    const file = `shop/${name.replaceAll(":", "-")}`;
    expect(asked).toMatchObject([{ kind: "remove", at: { url: location }, names: [`${file}.json`, `${file}.rdb.gz`] }]);
    expect(refusal(await call("GET", `backups/${name}`))[1]).toBe("ResourceNotFound");
  });

  test("that its storage does not take shows why", async () => {
    const error = { code: "StorageForbidden", message: "no" };
    fixture.agent.progress = () => ({ state: "failed", error });
    const { body } = await call("POST", "backups", { location });
    await fixture.agent.report();
    await until(async () => (await call("GET", `backups/${body.name}`)).body.state === "failed");
    expect((await call("GET", `backups/${body.name}`)).body.error).toEqual(error);
  });

  test("needs a place, and no other one beside it", async () => {
    expect(refusal(await call("POST", "backups"))).toEqual([400, "InvalidParameter", "location"]);
    fixture.agent.progress = () => ({ state: "running" });
    await call("POST", "backups", { location });
    expect(refusal(await call("POST", "backups", { location }))[1]).toBe("Conflict");
  });

  test("is verified on a node of its own, which goes, and what was found is kept", async () => {
    const name = await made();
    const before = fixture.agent.desired?.nodes.length;
    const answer = await call("POST", `backups/${name}/verify`);
    expect((await fixture.ended(answer)).body.status).toBe("Succeeded");
    const spec = specs.find(({ kind }) => kind === "verify");
    expect(spec).toMatchObject({ manifest: { name }, at: { url: location } });
    await until(async () => (await call("GET", `backups/${name}`)).body.verified?.isGood === true);
    await until(() => fixture.agent.desired?.nodes.length === before);
    expect(fixture.agent.orders).toEqual([]);

    fixture.agent.progress = () => ({ state: "failed", error: { code: "BadFile", message: "a bit" } });
    await fixture.ended(await call("POST", `backups/${name}/verify`));
    await until(async () => (await call("GET", `backups/${name}`)).body.verified?.isGood === false);
    expect((await call("GET", `backups/${name}`)).body.verified).toMatchObject({ message: "a bit" });
  });

  test("is restored with its checksum, into its own cache or another one", async () => {
    const name = await made();
    const other = cache.replace(/shop$/, "shop2");
    await fixture.ended(await fixture.call("PUT", other, { body: basicC0 }));
    for (const body of [{}, { target: "shop2" }]) {
      expect((await fixture.ended(await call("POST", `backups/${name}/restore`, body))).body.status).toBe("Succeeded");
      const file = `${shownLocation}/shop/${name.replaceAll(":", "-")}.rdb.gz${location.slice(shownLocation.length)}`;
      const { sha256, bytes } = manifestFixture;
      const expected = { kind: "import", mode: "fill", expects: { sha256, bytes }, files: [{ url: file }] };
      expect(specs.findLast(({ kind }) => kind === "import")).toMatchObject(expected);
    }
  });

  test("is restored into caches of its own group alone, and of another's nothing is told", async () => {
    const name = await made();
    const cluster = `${await fixture.group("other")}/providers/Microsoft.Cache/redisEnterprise/orders`;
    const properties = { highAvailability: "Disabled" };
    const body = { location: "local", sku: { name: "Balanced_B0" }, properties };
    const version = "?api-version=2022-01-01";
    await fixture.ended(await fixture.call("PUT", `${cluster}${version}`, { body }));
    const database = await fixture.call("PUT", `${cluster}/databases/default${version}`, { body: { properties: {} } });
    expect(database.status).toBe(201);
    const said = async (target: string) => {
      const { message } = (await call("POST", `backups/${name}/restore`, { target })).body.error;
      return message.replaceAll(target, "it");
    };
    expect(await said("orders")).toBe(await said("nobody"));
  });

  test("that is larger than the cache is refused, with figures", async () => {
    const name = manifestFixture.name;
    const backups = [{ ...manifestFixture, memoryBytes: 2 ** 31 }];
    fixture.agent.answerFiles = () => ({ error: null, offset: null, backups });
    const answer = await call("POST", `backups/${name}/restore`, { from: location });
    expect(refusal(answer)[1]).toBe("InsufficientCapacity");
    expect(answer.body.error.message).toContain("needs 2048 MB");
  });

  test("of another service is found in its storage, and restored from there", async () => {
    const path = `/subscriptions/${await fixture.subscription()}/providers/Microsoft.Cache/redisBackups`;
    const found = await fixture.call("POST", path, { body: { location, cache: "shop" } });
    expect(found.body.value).toEqual([{ manifest: manifestFixture, location: shownLocation }]);
    const restored = await call("POST", `backups/${manifestFixture.name}/restore`, { from: location });
    expect((await fixture.ended(restored)).body.status).toBe("Succeeded");
    fixture.agent.answerFiles = () => ({ error: { code: "StorageForbidden", message: "no entry" }, offset: null });
    expect((await fixture.call("POST", path, { body: { location } })).body.error).toMatchObject({
      code: "StorageFailed",
      message: "no entry",
    });
  });
});
