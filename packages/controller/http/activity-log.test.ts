/** What is left of calls: the activity log over the API, and the files. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@larder/service";
import { AccessFixture, refusalOf, roleIds } from "../authorization/access-fixture.ts";

const access = new AccessFixture();
beforeAll(() => access.start());
beforeEach(() => access.renew());
afterAll(() => access.stop());

function valuesOf(filter: string): string {
  const values = `${access.subscription}/providers/Microsoft.Insights/eventtypes/management/values`;
  return `${values}?api-version=2015-04-01&$filter=${encodeURIComponent(filter)}`;
}

test("the activity log has what changed or did something, in Azure's shape, for those who may read it", async () => {
  const { bob, shop, group } = access;
  const since = new Date(systemClock.nowMs()).toISOString();
  await access.makeCache();
  await access.call("POST", `${shop}/listKeys`);
  await access.call("GET", shop);
  await access.as(bob, "POST", `${shop}/listKeys`);
  const { body } = await access.call("GET", valuesOf(`eventTimestamp ge '${since}' and resourceUri eq '${shop}'`));
  expect(body.value).toMatchObject([
    { operationName: { value: "Microsoft.Cache/redis/listKeys/action" }, status: { value: "Succeeded" } },
    {
      caller: "administrator",
      operationName: { value: "Microsoft.Cache/redis/write" },
      resourceGroupName: group.split("/").at(-1),
      resourceType: { value: "Microsoft.Cache/redis" },
      authorization: { action: "Microsoft.Cache/redis/write", scope: shop },
      id: expect.stringContaining(`${shop}/events/`),
    },
  ]);
  expect(body.value).toHaveLength(2);
  const bare = `eventTimestamp ge ${since} and eventTimestamp le 2999-01-01T00:00:00Z and eventChannels eq 'Admin, Operation' and resourceUri eq '${shop}'`;
  expect((await access.call("GET", valuesOf(bare))).body.value).toHaveLength(2);
  const withStatus = async (status: string) =>
    (await access.call("GET", valuesOf(`resourceUri eq '${shop}' and status eq '${status}'`))).body.value.length;
  expect([await withStatus("succeeded"), await withStatus("Failed")]).toEqual([2, 0]);
  const names = (await access.call("GET", `${valuesOf(bare)}&$select=caller,level`)).body.value.map(Object.keys);
  expect(names[0]).toEqual(["caller", "id", "level"]);
  for (const filter of ["level eq 'Error'", "eventTimestamp ge 'soon'"])
    expect(refusalOf(await access.call("GET", valuesOf(filter)))).toEqual([400, "InvalidFilterInQueryString"]);
  expect(refusalOf(await access.as(bob, "GET", valuesOf("")))).toEqual([403, "AuthorizationFailed"]);
  await access.assign(bob, roleIds.reader, shop);
  const seen = (await access.as(bob, "GET", valuesOf(""))).body.value as { resourceId: string }[];
  expect(new Set(seen.map(({ resourceId }) => resourceId))).toEqual(new Set([shop]));
});

test("the records are for their owner's eyes only, and have no secrets", async () => {
  const answer = await access.call("GET", `${access.shop}?api-version=2024-11-01&sig=hidden`);
  expect(await access.recordOf(answer)).toMatchObject({ path: access.shop, apiVersion: "2024-11-01", status: 404 });
  for (const file of ["audit.log", "activity.log"]) {
    const path = join(access.controller.directory, "data", file);
    // Each is written by itself, a moment after the call.
    while (!existsSync(path)) await systemClock.sleep(10);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  }
  expect(JSON.stringify(access.records())).not.toContain(access.controller.token);
  expect(JSON.stringify(access.records())).not.toContain("hidden");
});

test("the activity log comes in pages, and is there after a restart", async () => {
  const { group } = access;
  const tags = Array.from({ length: 210 }, (_, number) => ({ tags: { number } }));
  for (const body of tags) await access.call("PATCH", group, body);
  const first = (await access.call("GET", valuesOf(`resourceUri eq '${group}'`))).body;
  expect(first.value).toHaveLength(200);
  const second = (await access.call("GET", first.nextLink)).body;
  expect([second.value.length, second.nextLink]).toEqual([11, undefined]);
  await access.controller.controller.stop();
  const again = access.controller.another(access.options);
  await again.start();
  const url = `https://localhost:${again.apiPort}${valuesOf(`resourceUri eq '${group}'`)}`;
  const headers = { authorization: `Bearer ${access.controller.token}` };
  const answer = await fetch(url, { headers, tls: { ca: access.controller.ca } });
  expect(((await answer.json()) as typeof first).value).toEqual(first.value);
  await again.stop();
});
