import { describe, expect, test } from "bun:test";
import { exchangeProblems } from "./check-exchange.ts";
import type { Exchange } from "./exchange.ts";
import { operations } from "./swagger-operations.ts";

const group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache";
const cache = {
  id: `${group}/Redis/shop`,
  name: "shop",
  type: "Microsoft.Cache/Redis",
  location: "local",
  properties: { sku: { name: "Basic", family: "C", capacity: 0 }, provisioningState: "Succeeded", accessKeys: null },
};

function problemsOf({ path = "redis/shop", response = cache as unknown, ...changes }): string[] {
  const exchange: Exchange = {
    method: "GET",
    url: `https://localhost${group}/${path}?api-version=2024-11-01`,
    requestBody: "",
    status: 200,
    headers: { "content-type": "application/json" },
    responseBody: JSON.stringify(response),
    ...changes,
  };
  return exchangeProblems(exchange).map((problem) => problem.replace(/^.*?→ \d+: /, ""));
}

const withProperties = (properties: object) => ({ ...cache, properties: { ...cache.properties, ...properties } });
const put = (body: unknown, more: object = {}) =>
  problemsOf({ method: "PUT", status: 201, requestBody: JSON.stringify(body), ...more });

test("all operations of both files are known", () => {
  const count = (file: RegExp) => operations.filter((operation) => file.test(operation.file)).length;
  expect([count(/^redis-/), count(/^redisenterprise-/)]).toEqual([41, 31]);
});

describe("an answer", () => {
  test("as described is taken, in any case of the path", () => {
    expect(problemsOf({})).toEqual([]);
    expect(problemsOf({ path: "REDIS/shop" })).toEqual([]);
  });

  test.each([
    [withProperties({ sku: undefined }), "response: /properties must have required property 'sku'"],
    [withProperties({ port: "6379" }), "response: /properties/port must be integer"],
    [withProperties({ hostName: null }), "response: /properties/hostName must be string"],
    [
      withProperties({ publicNetworkAccess: "enabled" }),
      "response: /properties/publicNetworkAccess must be equal to one of the allowed values (Enabled, Disabled)",
    ],
    [{ ...cache, location: undefined }, "response: the body must have required property 'location'"],
  ])("of another shape is a problem (%#)", (response, problem) => {
    expect(problemsOf({ response })).toContain(problem);
  });

  test("with an undocumented status, or from nowhere, is a problem", () => {
    expect(problemsOf({ status: 206 })).toContain("the status is not one of 200, default");
    expect(problemsOf({ path: "redis/shop/dream" })).toEqual(["the Swagger files have no such operation"]);
    expect(problemsOf({ path: "redis/shop/events" })).toEqual([]);
    expect(problemsOf({ headers: {} })).toEqual(["the answer is not JSON"]);
  });

  test("that refuses has a code and a message", () => {
    expect(problemsOf({ status: 404, response: { error: { code: "A", message: "b" } } })).toEqual([]);
    expect(problemsOf({ status: 404, response: { error: { code: "A" } } })).toHaveLength(1);
  });
});

describe("a request that was accepted", () => {
  const body = { location: "local", properties: { sku: { name: "Basic", family: "C", capacity: 0 } } };

  test("may be sloppy in the ways that clients are", () => {
    expect(put(body)).toEqual([]);
    const sku = { name: "basic", family: "c", capacity: "0" };
    expect(put({ ...body, tags: null, properties: { sku, enableNonSslPort: "true", port: {} } })).toEqual([]);
  });

  test("has what the version requires, and no other version's", () => {
    const lacking = { ...body, properties: {} };
    expect(put(lacking)).toEqual(["request: /properties must have required property 'sku'"]);
    expect(put(lacking, { url: `https://localhost${group}/redis/shop?api-version=2022-06-01` })).toEqual([]);
    expect(problemsOf({ path: "redis/shop/listUpgradeNotifications", response: { value: [] } })).toEqual([
      "the query has no 'history'",
    ]);
  });
});

describe("a long-running operation", () => {
  const here = `https://localhost${group}/x?api-version=2024-11-01`;
  const json = { "content-type": "application/json" };
  const patch = (headers: Record<string, string>) =>
    problemsOf({ method: "PATCH", status: 202, requestBody: "{}", headers: { ...json, ...headers } });

  test("says where to poll, under the caller's address", () => {
    expect(patch({ "azure-asyncoperation": here })).toEqual([]);
    expect(patch({})).toEqual(["nothing says where to poll"]);
    expect(patch({ "azure-asyncoperation": "/x?api-version=1" })).toHaveLength(1);
    expect(patch({ "azure-asyncoperation": here.replace("localhost", "elsewhere") })).toHaveLength(1);
    expect(patch({ "azure-asyncoperation": here, location: here })).toEqual([
      "a client takes Location for the updated resource",
    ]);
  });
});
