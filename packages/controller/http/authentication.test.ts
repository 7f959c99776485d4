/** Tokens of an issuer elsewhere at the management API: which count, and what becomes of the others. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { systemClock } from "@larder/service";
import { exportSPKI, importJWK } from "jose";
import { AccessFixture, refusalOf } from "../authorization/access-fixture.ts";
import { authorizationLimits } from "../authorization/limits.ts";

const access = new AccessFixture();
beforeAll(() => access.start());
beforeEach(() => access.renew());
afterAll(() => access.stop());

test("a token of the issuer is taken, and names the caller", async () => {
  const answer = await access.as(access.ada, "GET", "/subscriptions");
  expect(answer).toMatchObject({ status: 200, body: { value: [] } });
  expect(await access.recordOf(answer)).toMatchObject({
    caller: { kind: "principal", objectId: access.ada, name: "name of aaaa" },
    address: "127.0.0.1",
    reason: null,
  });
  const bySubject = await access.issuer.token({ sub: "auth0|ada", preferred_username: "ada@example.org" });
  const { caller } = await access.recordOf(await access.asToken(bySubject, "GET", "/subscriptions"));
  expect(caller).toMatchObject({ objectId: "auth0|ada", name: "ada@example.org" });
});

test("tokens that do not count are refused, with where there are better ones", async () => {
  const { issuer, ada: oid } = access;
  const now = Math.floor(systemClock.nowMs() / 1_000);
  const pem = Buffer.from(await exportSPKI((await importJWK(issuer.keys[0] ?? {}, "ES256")) as never));
  const [, claims = ""] = (await issuer.token({ oid })).split(".");
  const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  for (const [token, code] of [
    [await issuer.token({ oid, exp: now - 3_600 }), "ExpiredAuthenticationToken"],
    [await issuer.token({ oid, nbf: now + 3_600 }), "InvalidAuthenticationToken"],
    [await issuer.token({ oid, aud: "https://redis.azure.com" }), "InvalidAuthenticationToken"],
    [await issuer.token({ oid, iss: "https://elsewhere.example" }), "InvalidAuthenticationToken"],
    [await issuer.token({ oid }, { header: { alg: "HS256" }, key: pem }), "InvalidAuthenticationToken"],
    [`${none}.${claims}.`, "InvalidAuthenticationToken"],
    [await issuer.token({}), "InvalidAuthenticationToken"],
    ["a.b.c", "InvalidAuthenticationToken"],
  ] as const) {
    const answer = await access.asToken(token, "GET", "/subscriptions");
    expect(refusalOf(answer)).toEqual([401, code]);
    expect(answer.headers.get("www-authenticate")).toContain(`authorization_uri="${issuer.issuer}"`);
    const written = await access.recordOf(answer);
    expect(written).toMatchObject({ caller: null, status: 401, code, reason: expect.stringContaining("token") });
    expect(JSON.stringify(written)).not.toContain(token);
  }
});

test("the issuer's new key counts at once, and tokens of the old one do no more", async () => {
  const before = await access.issuer.token({ oid: access.ada });
  expect((await access.asToken(before, "GET", "/subscriptions")).status).toBe(200);
  await access.issuer.rotate("second");
  expect((await access.as(access.ada, "GET", "/subscriptions")).status).toBe(200);
  expect(refusalOf(await access.asToken(before, "GET", "/subscriptions"))).toEqual([401, "InvalidAuthenticationToken"]);
});

test("whoever sends bad tokens all the time is not listened to for a while; who is known goes on", async () => {
  const known = await access.issuer.token({ oid: access.bob });
  expect((await access.asToken(known, "GET", "/subscriptions")).status).toBe(200);
  const bad = () => access.asToken("bad", "GET", "/subscriptions");
  await Promise.all(Array.from({ length: authorizationLimits.badTokens.failuresMax }, bad));
  const limited = await access.as(access.ada, "GET", "/subscriptions");
  expect(refusalOf(limited)).toEqual([429, "TooManyRequests"]);
  expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await access.asToken(known, "GET", "/subscriptions")).status).toBe(200);
  expect((await access.call("GET", "/metrics")).body).toMatch(/larder_api_authentication_limited_total [1-9]/);
});

test("an issuer that hangs holds up nobody but who comes with its tokens", async () => {
  const silent = new AccessFixture();
  const released = Promise.withResolvers<void>();
  silent.issuer.answer = async () => {
    await released.promise;
    return new Response("", { status: 500 });
  };
  await silent.start();
  const waiting = silent.as("ada", "GET", "/subscriptions");
  expect((await silent.call("GET", "/subscriptions")).status).toBe(200);
  expect(await Promise.race([waiting, systemClock.sleep(50)])).toBeUndefined();
  released.resolve();
  expect(refusalOf(await waiting)).toEqual([503, "ServiceUnavailable"]);
  await silent.stop();
});

test("after a restart while the issuer is away its keys count; those of one that was not trusted meanwhile do not", async () => {
  const before = new AccessFixture();
  await before.start();
  const token = await before.issuer.token({ oid: "ada" });
  expect((await before.asToken(token, "GET", "/subscriptions")).status).toBe(200);
  const { controller: fixture, options } = before;
  await fixture.controller.stop();
  before.issuer.answer = () => new Response("", { status: 500 });
  const status = async (apiIssuers: string[]) => {
    const again = fixture.another({ ...options, apiIssuers });
    await again.start();
    const url = `https://localhost:${again.apiPort}/subscriptions?api-version=2022-12-01`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, tls: { ca: fixture.ca } });
    await again.stop();
    return response.status;
  };
  expect([await status(options.apiIssuers), await status([]), await status(options.apiIssuers)]).toEqual([
    200, 401, 503,
  ]);
  await before.stop();
});
