/** What operators ask for, over the API, with an agent that speaks the protocol and runs nothing. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { CacheEvent } from "@larder/api";
import { systemClock } from "@larder/service";
import { type Answer, basicC0, ControllerFixture } from "../controller-fixture.ts";

let fixture: ControllerFixture;
let cache: string;

beforeEach(async () => {
  fixture = new ControllerFixture();
  await fixture.start();
  cache = `${await fixture.group()}/providers/Microsoft.Cache/redis/shop`;
  await fixture.ended(await fixture.call("PUT", cache, { body: basicC0 }));
});
afterEach(() => fixture.stop());

const call = (method: string, path: string, body?: unknown) =>
  fixture.call(method, `${cache}/${path}`, body === undefined ? {} : { body });
const refusal = ({ status, body }: Answer) => [status, body.error.code, body.error.message];

async function events(): Promise<CacheEvent[]> {
  return (await call("GET", "events")).body.value;
}

describe("flush", () => {
  test("is ordered, polled to its end, and in the cache's history", async () => {
    const answer = await call("POST", "flush");
    expect(answer.status).toBe(202);
    expect(fixture.agent.orders).toMatchObject([{ kind: "flush", runId: "1" }]);
    expect((await fixture.ended(answer)).body.status).toBe("Succeeded");
    expect((await fixture.call("GET", answer.headers.get("location") as string)).body.status).toBe("Succeeded");
    expect((await events())[0]).toMatchObject({ kind: "flush", cause: "asked for", durationMs: expect.any(Number) });
  });

  test("that the agent refuses says why, and nothing was done", async () => {
    fixture.agent.answer = () => ({ error: { code: "Conflict", message: "not the primary" }, offset: null });
    expect(refusal(await call("POST", "flush"))).toEqual([409, "Conflict", "Nothing was flushed: not the primary"]);
    expect((await events()).filter(({ kind }) => kind === "flush")).toEqual([]);
  });

  test("whose agent is lost before its answer is of unknown outcome", async () => {
    fixture.agent.answer = () => {
      fixture.agent.stop();
      return undefined;
    };
    const [status, code, message] = refusal(await call("POST", "flush"));
    expect([status, code]).toEqual([503, "OutcomeUnknown"]);
    expect(message).toContain("It is not known whether the cache was flushed");
  });
});

describe("reboot", () => {
  test("of a cache without replicas ends its one life", async () => {
    const answer = await call("POST", "forceReboot", { rebootType: "allnodes" });
    expect(answer).toMatchObject({ status: 200, body: { message: "The reboot of 'shop' has begun." } });
    expect((await fixture.call("GET", cache)).body.properties.larder.underWay).toBe("reboot");
    expect((await events())[0]).toMatchObject({ kind: "reboot", text: "A reboot of all nodes begins" });
    expect(refusal(await call("POST", "forceReboot", { rebootType: "AllNodes" }))[1]).toBe("Conflict");
  });

  test.each([
    [{}, "rebootType"],
    [{ rebootType: "Some" }, "rebootType"],
    [{ rebootType: "SecondaryNode" }, "rebootType"],
    [{ rebootType: "AllNodes", shardId: 3 }, "shardId"],
    [{ rebootType: "AllNodes", ports: [10_000] }, "ports"],
  ])("%j is refused", async (body, target) => {
    expect(await call("POST", "forceReboot", body)).toMatchObject({
      status: 400,
      body: { error: { code: "InvalidParameter", target } },
    });
  });
});

test("a switchover is asked for where a replica can take over", async () => {
  expect(refusal(await call("POST", "switchover")).slice(0, 2)).toEqual([400, "InvalidParameter"]);
  const standard = cache.replace("shop", "pages");
  const body = { location: "local", properties: { sku: { name: "Standard", family: "C", capacity: 0 } } };
  await fixture.ended(await fixture.call("PUT", standard, { body }));
  expect((await fixture.call("POST", `${standard}/switchover`)).status).toBe(202);
});

describe("patch schedules", () => {
  const entries = [{ dayOfWeek: "sunday", startHourUtc: "2" }];

  test("are made, read, changed and deleted", async () => {
    expect((await call("GET", "patchSchedules")).body).toEqual({ value: [] });
    expect((await call("GET", "patchSchedules/default")).body.error.code).toBe("ResourceNotFound");
    const made = await call("PUT", "patchSchedules/default", { properties: { scheduleEntries: entries } });
    expect(made).toMatchObject({
      status: 201,
      body: {
        id: `${cache.replace("/redis/", "/Redis/")}/patchSchedules/default`,
        name: "shop/default",
        type: "Microsoft.Cache/Redis/PatchSchedules",
        location: "local",
        properties: { scheduleEntries: [{ dayOfWeek: "Sunday", startHourUtc: 2, maintenanceWindow: "PT5H" }] },
      },
    });
    expect((await call("GET", "PATCHSCHEDULES/Default")).body).toEqual(made.body);
    expect((await call("GET", "patchSchedules")).body).toEqual({ value: [made.body] });
    expect((await call("PUT", "patchSchedules/default", made.body)).status).toBe(200);
    expect((await call("DELETE", "patchSchedules/default")).status).toBe(200);
    expect((await call("DELETE", "patchSchedules/default")).status).toBe(204);
    expect((await call("GET", "patchSchedules/other")).status).toBe(404);
  });

  test.each([
    [{}, "properties"],
    [{ properties: { scheduleEntries: [] } }, "properties.scheduleEntries"],
    [{ properties: { scheduleEntries: [{ dayOfWeek: "Someday", startHourUtc: 1 }] } }, ".0.dayOfWeek"],
    [{ properties: { scheduleEntries: [{ dayOfWeek: "Monday", startHourUtc: 24 }] } }, ".0.startHourUtc"],
    [{ properties: { scheduleEntries: [{ ...entries[0], maintenanceWindow: "PT4H" }] } }, ".0.maintenanceWindow"],
    [{ properties: { scheduleEntries: [{ ...entries[0], maintenanceWindow: "5h" }] } }, ".0.maintenanceWindow"],
  ])("%j is refused", async (body, target) => {
    const { status, body: answer } = await call("PUT", "patchSchedules/default", body);
    expect([status, answer.error.code]).toEqual([400, "InvalidParameter"]);
    expect(answer.error.target).toEndWith(target);
  });
});

describe("updates", () => {
  test("say what is there, and wait for the schedule unless they are started", async () => {
    const valkey = fixture.agent.engines[0]!;
    expect((await call("GET", "updates")).body).toEqual({
      current: { name: "valkey", version: "8.0.1" },
      available: { name: "valkey", version: "8.0.1" },
      pending: false,
      state: "current",
      windowOpen: true,
      windowOpensNext: null,
      stopped: null,
    });
    expect(refusal(await call("POST", "updates/start"))[1]).toBe("Conflict");

    fixture.agent.engines = [{ ...valkey, version: "8.1.0" }, valkey];
    fixture.agent.outcome = () => ({ engine: valkey });
    await fixture.agent.report();
    const day = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    const dayOfWeek = day[(new Date(systemClock.nowMs()).getUTCDay() + 3) % day.length];
    await call("PUT", "patchSchedules/default", { properties: { scheduleEntries: [{ dayOfWeek, startHourUtc: 2 }] } });
    const waiting = (await call("GET", "updates")).body;
    expect(waiting).toMatchObject({ available: { version: "8.1.0" }, pending: true, state: "waiting" });
    expect(waiting.windowOpensNext).toMatch(/^20..-..-..T02:00:00/);
    expect((await call("POST", "updates/pause")).body.state).toBe("paused");
    expect((await call("POST", "updates/resume")).body.state).toBe("waiting");
    expect((await call("POST", "updates/start")).body.state).toBe("running");
  });
});

describe("events", () => {
  test("come in pages, the newest first, and go with the cache", async () => {
    for (let count = 0; count < 3; count++) await call("POST", "flush");
    const all = await events();
    expect(all.map(({ number }) => number)).toEqual(all.map((_, index) => all.length - index));
    const first = await fixture.call("GET", `${cache}/events?api-version=2024-11-01&$top=2`);
    expect(first.body.value).toEqual(all.slice(0, 2));
    const second = await fixture.call("GET", first.body.nextLink);
    expect(second.body.value).toEqual(all.slice(2, 4));
    expect((await fixture.call("GET", `${cache}/events?api-version=2024-11-01&$top=0`)).status).toBe(400);

    await fixture.ended(await fixture.call("DELETE", cache));
    expect((await call("GET", "events")).status).toBe(404);
    await fixture.ended(await fixture.call("PUT", cache, { body: basicC0 }));
    expect((await events()).filter(({ kind }) => kind === "flush")).toEqual([]);
  });
});
