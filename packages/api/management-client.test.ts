import { describe, expect, test } from "bun:test";
import { ManagementClient } from "./management-client.ts";
import { pollDelayMs } from "./rest-calls.ts";

const at = { resourceGroup: "default", name: "shop" };
const shop = { name: "shop", properties: { provisioningState: "Succeeded" } };
const statusUrl = "https://localhost:1/subscriptions/S/operation?api-version=1";

interface Sent {
  method: string;
  path: string;
  body: unknown;
  init: RequestInit & { tls?: { ca: string } };
}

/** A client whose requests are answered in turn, and what it sent and how long it slept. */
function fixture(...answers: (Response | Error)[]) {
  const sent: Sent[] = [];
  const sleptMs: number[] = [];
  const client = new ManagementClient({
    api: "https://localhost:1/",
    token: "secret",
    subscription: "S",
    ca: "PEM",
    async sleep(ms) {
      sleptMs.push(ms);
    },
    async fetch(url, init) {
      const body = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
      sent.push({ method: init.method ?? "GET", path: url.replace("https://localhost:1", ""), body, init });
      const answer = answers.shift();
      if (answer === undefined) throw new Error("one request too many");
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, sent, sleptMs };
}

const json = (body: unknown, init: ResponseInit = {}) => Response.json(body, init);
const refusal = (status: number, error: object) => json({ error }, { status });
const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("requests", () => {
  test("carry the token, the authority and the version", async () => {
    const { client, sent } = fixture(json(shop));
    expect(await client.getCache(at)).toMatchObject(shop);
    expect(sent[0]?.path).toBe(
      "/subscriptions/S/resourceGroups/default/providers/Microsoft.Cache/Redis/shop?api-version=2024-11-01",
    );
    expect(sent[0]?.init.headers).toEqual({ authorization: "Bearer secret" });
    expect(sent[0]?.init.tls).toEqual({ ca: "PEM" });
  });

  test("cannot leave their path by a name", async () => {
    const { client, sent } = fixture(json(shop));
    await client.getCache({ resourceGroup: "default", name: "../x?y" });
    expect(sent[0]?.path).toContain("/Redis/..%2Fx%3Fy?api-version=");
  });

  test("follow the pages of a list", async () => {
    const { client, sent } = fixture(
      json({ value: [1, 2], nextLink: "https://localhost:1/more?api-version=2" }),
      json({ value: [3] }),
    );
    expect(await client.listCaches()).toEqual([1, 2, 3] as never);
    expect(sent.map(({ path }) => path.split("?")[0])).toEqual([
      "/subscriptions/S/providers/Microsoft.Cache/redis",
      "/more",
    ]);
  });
});

describe("a change", () => {
  const accepted = json(shop, { status: 201, headers: { "azure-asyncoperation": statusUrl } });
  const running = () => json({ status: "InProgress" });

  test("is polled until it is done, soon at first, and then read", async () => {
    const { client, sent, sleptMs } = fixture(accepted, running(), json({ status: "Succeeded" }), json(shop));
    expect(
      await client.createCache(at, {
        location: "local",
        properties: { sku: { name: "Basic", family: "C", capacity: 0 } },
      }),
    ).toMatchObject(shop);
    expect(sent.map(({ method }) => method)).toEqual(["PUT", "GET", "GET", "GET"]);
    expect(sleptMs).toEqual([20, 28]);
  });

  test("that fails says why", async () => {
    const started = new Response(null, { status: 202, headers: { location: statusUrl } });
    const failed = json({ status: "Failed", error: { code: "EngineNotAvailable", message: "No engine." } });
    const { client } = fixture(started, running(), failed);
    expect(await failure(client.deleteCache(at))).toMatchObject({ code: "EngineNotAvailable", message: "No engine." });
  });

  test("that is done at once is not polled", async () => {
    const { client, sleptMs } = fixture(new Response(null, { status: 204 }));
    expect(await client.deleteCache(at)).toBeFalse();
    expect(sleptMs).toEqual([]);
  });
});

describe("a cluster", () => {
  const cluster = "/subscriptions/S/resourceGroups/default/providers/Microsoft.Cache/redisEnterprise/shop";
  const ofCluster = { ...at, provider: "enterprise" } as const;
  const asked = { location: "local", sku: { name: "Balanced_B0" } };
  const done = () => new Response(null, { status: 204 });

  test("has its data at its database, and is deleted as a whole", async () => {
    const { client, sent } = fixture(json({}), done());
    await client.listKeys(ofCluster);
    await client.deleteCache(ofCluster);
    expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST ${cluster}/databases/default/listKeys?api-version=2026-09-01`,
      `DELETE ${cluster}?api-version=2026-09-01`,
    ]);
  });

  test("does not stay where its database is refused", async () => {
    const refused = refusal(400, { code: "InvalidParameter", message: "Not that port." });
    const { client, sent } = fixture(json({}, { status: 201 }), refused, done());
    const error = await failure(client.clusters.create(ofCluster, asked, { port: 1 }));
    expect(error).toMatchObject({ code: "InvalidParameter", message: "Not that port." });
    expect(sent.map(({ method }) => method)).toEqual(["PUT", "PUT", "DELETE"]);
    expect(sent[0]?.init.headers).toMatchObject({ "if-none-match": "*" });
  });

  test("that stays though its database is refused says so, and why", async () => {
    const busy = refusal(409, { code: "Conflict", message: "It is changing." });
    const refused = refusal(400, { code: "InvalidParameter", message: "Not that port." });
    const { client } = fixture(json({}, { status: 201 }), refused, busy);
    expect(await failure(client.clusters.create(ofCluster, asked, { port: 1 }))).toMatchObject({
      code: "InvalidParameter",
      message: "The cluster is there, and could not be removed again: Not that port.",
    });
  });

  test("that was there already is not removed", async () => {
    const { client, sent } = fixture(refusal(412, { code: "PreconditionFailed", message: "It exists already." }));
    const error = await failure(client.clusters.create(ofCluster, asked, {}));
    expect(error).toMatchObject({ code: "PreconditionFailed" });
    expect(sent).toHaveLength(1);
  });

  test("that is changed by half says which half", async () => {
    const refused = () => refusal(400, { code: "InvalidParameter", message: "Not that policy." });
    const { client } = fixture(json({}), refused(), refused());
    const error = await failure(client.clusters.update(ofCluster, { tags: {} }, { evictionPolicy: "x" }));
    expect(error).toMatchObject({
      code: "InvalidParameter",
      message: "What was asked of the cluster is done, of its database it is not: Not that policy.",
    });
    expect(await failure(client.clusters.update(ofCluster, undefined, {}))).toMatchObject({
      message: "Not that policy.",
    });
  });
});

describe("errors", () => {
  test("of the API keep their code, message and target", async () => {
    const { client } = fixture(refusal(404, { code: "ResourceNotFound", message: "No shop.", target: "/shop" }));
    expect(await failure(client.getCache(at))).toMatchObject({
      code: "ResourceNotFound",
      message: "No shop.",
      target: "/shop",
    });
  });

  test("without a body, or with an unknown code, are internal ones", async () => {
    const { client } = fixture(
      new Response("oops", { status: 502 }),
      refusal(400, { code: "Strange", message: "Hm." }),
    );
    expect(await failure(client.getCache(at))).toMatchObject({
      code: "InternalError",
      message: "The management API answered 502.",
    });
    expect(await failure(client.getCache(at))).toMatchObject({ code: "InternalError", message: "Hm." });
  });

  test("of the network mean that nothing runs there", async () => {
    const refused = Object.assign(new TypeError("no"), { code: "ECONNREFUSED" });
    const foreign = Object.assign(new TypeError("no"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    const { client } = fixture(refused, foreign);
    expect(await failure(client.listCaches())).toMatchObject({
      code: "NotRunning",
      message: "No Larder service answers at https://localhost:1.",
    });
    expect(await failure(client.listCaches())).toMatchObject({
      code: "NotRunning",
      message: expect.stringContaining("its certificate comes from elsewhere"),
    });
  });
});

test("polls back off from 20 ms to half a second", () => {
  const delays = Array.from({ length: 30 }, (_, attempt) => pollDelayMs(attempt));
  expect(delays[0]).toBe(20);
  expect(delays).toEqual(delays.toSorted((one, other) => one - other));
  expect(delays.at(-1)).toBe(500);
});
