import { expect, test } from "bun:test";
import type { Route, RouteTable } from "./gateway-protocol.ts";
import { changedTable, changesBetween } from "./route-changes.ts";

const route = (cacheId: string, epoch = 1) => ({ cacheId, epoch }) as Route;
const table = (revision: number, routes: Route[], issuer?: string): RouteTable => ({
  revision,
  routes,
  tokenIssuers: issuer === undefined ? [] : [{ issuer, audiences: ["a"], keys: [] }],
});

test("what is different is all that is told, and it makes the one table of the other", () => {
  const [a, b, c, newB] = [route("a"), route("b"), route("c"), route("b", 2)];
  const from = table(1, [a, b], "x");
  const to = table(2, [a, newB, c], "x");
  const changes = changesBetween(from, to);
  expect(changes).toEqual({ revision: 2, changed: [newB, c], removed: [] });
  expect(changedTable(from, changes)).toEqual(to);
  expect(changedTable(from, changes).routes[0]).toBe(a);
  expect(changesBetween(to, table(3, [c], "y"))).toEqual({
    revision: 3,
    changed: [],
    removed: ["a", "b"] as never,
    tokenIssuers: [{ issuer: "y", audiences: ["a"], keys: [] }],
  });
});
