/** What Larder adds to caches, asked of the database of a cluster: its paths, its forms and its ids. What becomes of it is told in other tests. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { CacheEvent, TransferSpec } from "@larder/api";
import { systemClock } from "@larder/service";
import { basicC0, ControllerFixture } from "../controller-fixture.ts";
import { manifestFixture } from "../documents/backup-fixture.ts";

let sinceStartMs = 0;
const fixture = new ControllerFixture({
  clock: { ...systemClock, nowMs: () => systemClock.nowMs() + sinceStartMs },
});
const specs: TransferSpec[] = [];
let group: string;

beforeAll(async () => {
  fixture.agent.answer = () => ({ error: null, offset: 0 });
  fixture.agent.progress = (spec) => {
    specs.push(spec);
    const label = spec.kind === "export" ? spec.backup : undefined;
    const backup = label && { ...manifestFixture, ...label, file: (spec as { fileName: string }).fileName };
    return { state: "done", keys: 1, ...(backup && { backup }) };
  };
  await fixture.start();
  // Moves wait a while for the first reports after a start.
  sinceStartMs = 10_000;
  group = await fixture.group();
  const properties = { publicNetworkAccess: "Enabled", highAvailability: "Disabled" };
  await call("PUT", "shop", { location: "local", sku: { name: "Balanced_B0" }, properties });
  await fixture.ended(await call("PUT", "shop/databases/default", {}));
});
afterAll(() => fixture.stop());

function call(method: string, path: string, body?: unknown) {
  const url = `${group}/providers/Microsoft.Cache/redisEnterprise/${path}?api-version=2026-09-01`;
  return fixture.call(method, url, body === undefined ? {} : { body });
}

const ofShop = (method: string, path: string, body?: unknown) => call(method, `shop/databases/default/${path}`, body);
const container = "https://account.blob.core.windows.net/box?se=2999-01-01T00:00Z&sp=rwdl&sig=SECRET";

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(5);
}

async function kindsOfEvents(): Promise<string[]> {
  const { value } = (await ofShop("GET", "events")).body as { value: CacheEvent[] };
  return value.map(({ kind }) => kind);
}

test("history, updates and changes of the primary", async () => {
  expect(await kindsOfEvents()).toEqual(["created"]);
  expect((await ofShop("GET", "updates")).body).toMatchObject({ state: "current" });
  expect((await ofShop("POST", "updates/pause")).status).toBe(200);
  expect((await call("GET", "shop/databases/default")).body.properties.deferUpgrade).toBe("Deferred");
  expect((await ofShop("POST", "updates/resume")).status).toBe(200);
  expect((await ofShop("POST", "switchover")).body.error.message).toContain("has no replica that could take over");
  expect((await call("GET", "none/databases/default/events")).body.error.code).toBe("ResourceNotFound");
  expect((await call("GET", "shop/databases/second/events")).body.error.code).toBe("ResourceNotFound");
});

test("exports in Larder's form, and in Azure's", async () => {
  const own = await ofShop("POST", "export", { container, prefix: "mine", filter: { prefixes: ["a"] } });
  expect(own.status).toBe(202);
  expect((await fixture.ended(own)).body.status).toBe("Succeeded");
  expect((await ofShop("GET", `transfers/${own.headers.get("x-larder-transfer")}`)).body).toMatchObject({
    to: ["https://account.blob.core.windows.net/box/mine.rdb"],
    filter: { prefixes: ["a"] },
  });
  await fixture.ended(await ofShop("POST", "export", { sasUri: container }));
  const { value } = (await ofShop("GET", "transfers")).body;
  expect(value.map(({ to }: { to: string[] }) => to[0])).toEqual([
    expect.stringMatching(/\/box\/shop-[\dTZ-]+\.rdb\.gz$/),
    "https://account.blob.core.windows.net/box/mine.rdb",
  ]);
});

test("backups, which say of what size they are, and go into caches of either provider", async () => {
  const made = await ofShop("POST", "backups", { location: container });
  expect(made.status).toBe(202);
  await fixture.agent.report();
  const path = `backups/${made.body.name}`;
  await until(async () => (await ofShop("GET", path)).body.state === "made");
  const labels = specs.flatMap((spec) => (spec.kind === "export" && spec.backup !== undefined ? [spec.backup] : []));
  expect(labels[0]).toMatchObject({ cache: "shop", sku: { name: "Balanced_B0" } });

  const redis = `${group}/providers/Microsoft.Cache/redis/other`;
  await fixture.ended(await fixture.call("PUT", redis, { body: basicC0 }));
  for (const target of ["shop", "other"]) {
    const restored = await ofShop("POST", `${path}/restore`, { target });
    expect((await fixture.ended(restored)).body.status).toBe("Succeeded");
  }
  expect((await fixture.call("GET", `${redis}/transfers`)).body.value).toMatchObject([{ kind: "import" }]);
});
