import { expect, test } from "bun:test";
import type { ActivityEvent } from "@larder/api/activity-client";
import { formatActivity, resourceNameOf, sinceMs } from "./activity-view.ts";
import { plainColors } from "./terminal.ts";

const group = "/subscriptions/5e0c/resourceGroups/web";
const event: ActivityEvent = {
  eventTimestamp: "2026-11-22T08:00:00.000Z",
  caller: "ada",
  resourceId: `${group}/providers/Microsoft.Cache/redis/shop/firewallRules/office`,
  resourceGroupName: "web",
  operationName: { value: "Microsoft.Cache/redis/firewallRules/write" },
  status: { value: "Succeeded" },
  subStatus: { value: "200" },
  properties: { statusMessage: null },
  httpRequest: { clientIpAddress: "192.0.2.7" },
  correlationId: "c",
};

test("what was done, where, and how it ended", () => {
  const failed = { ...event, status: { value: "Failed" as const }, properties: { statusMessage: "Conflict" } };
  const places = [
    event.resourceId,
    group,
    "/subscriptions/5e0c",
    "/subscriptions/5e0c/providers/Larder.Service/hosts/h1",
  ].map((resourceId) => formatActivity([{ ...failed, resourceId }], plainColors).split("\n")[1]);
  expect(places.map((line) => line?.split(/ {2,}/).slice(-2))).toEqual([
    ["redis/shop/firewallRules/office", "failed: Conflict"],
    ["group web", "failed: Conflict"],
    ["-", "failed: Conflict"],
    ["hosts/h1", "failed: Conflict"],
  ]);
  expect(formatActivity([event], plainColors)).toEndWith("redis/shop/firewallRules/office  succeeded\n");
  expect([resourceNameOf(event.resourceId), resourceNameOf(group)]).toEqual(["shop", undefined]);
});

test("times", () => {
  const nowMs = Date.parse("2026-11-22T08:00Z");
  expect(sinceMs("90m", nowMs)).toBe(nowMs - 5_400_000);
  expect(sinceMs("7 D", nowMs)).toBe(nowMs - 7 * 86_400_000);
  expect(sinceMs("2026-11-22T07:00Z", nowMs)).toBe(nowMs - 3_600_000);
  for (const text of ["soon", "7", "2026-13-40"]) expect(() => sinceMs(text, nowMs)).toThrow("is no time");
});
