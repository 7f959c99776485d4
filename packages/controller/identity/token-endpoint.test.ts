/** Applications sign in, and others do not. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { IdentityFixture } from "./identity-fixture.ts";

let fixture: IdentityFixture;
let application: Awaited<ReturnType<IdentityFixture["application"]>>;

beforeAll(async () => {
  fixture = new IdentityFixture();
  await fixture.start();
  application = await fixture.application();
});
afterAll(() => fixture.stop());

function signIn(form: Record<string, string> = {}) {
  return fixture.askToken({
    grant_type: "client_credentials",
    client_id: application.applicationId ?? "",
    client_secret: application.secret,
    scope: "https://management.azure.com/.default",
    ...form,
  });
}

const withCa = (url: string | URL, init: RequestInit = {}) => fetch(url, { ...init, tls: { ca: fixture.ca } });

test("an application gets a token that anybody can verify", async () => {
  const { origin, tenant } = await fixture.authority();
  const { status, body } = await signIn();
  expect(status).toBe(200);
  expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3_600, ext_expires_in: 3_600 });
  const discovery = await withCa(`${origin}/common/v2.0/.well-known/openid-configuration`);
  const { issuer, jwks_uri } = (await discovery.json()) as { issuer: string; jwks_uri: string };
  expect(issuer).toBe(`${origin}/${tenant}/v2.0`);
  const keys = createRemoteJWKSet(new URL(jwks_uri), { [customFetch]: withCa });
  const { payload } = await jwtVerify(body.access_token, keys, { issuer, audience: "https://management.azure.com" });
  const { objectId, applicationId } = application;
  expect(payload).toMatchObject({
    oid: objectId,
    sub: objectId,
    tid: tenant,
    appid: applicationId,
    azp: applicationId,
  });
  expect(payload).toMatchObject({ name: "deploy", idtyp: "app", ver: "2.0" });
  expect(decodeProtectedHeader(body.access_token)).toMatchObject({ alg: "RS256", kid: expect.any(String) });
});

test("tokens are for the resource as it was named, and for none that is not here", async () => {
  const audience = async (scope: string) => decodeJwt((await signIn({ scope })).body.access_token).aud;
  for (const resource of [
    "https://redis.azure.com",
    "acca5fbb-b7e4-4009-81f1-37e38fd66d78",
    "https://management.core.windows.net/",
    fixture.base,
    `${fixture.base}/`,
  ])
    expect(await audience(`${resource}/.default`)).toBe(resource);
  for (const scope of ["https://graph.microsoft.com/.default", "https://redis.azure.com.evil.example/.default"])
    expect((await signIn({ scope })).body).toMatchObject({ error: "invalid_resource" });
  for (const scope of ["", "openid", ".default", "/.default"])
    expect((await signIn({ scope })).body).toMatchObject({ error: "invalid_scope" });
});

test("what does not belong together is refused, with the same words", async () => {
  const wrong = await signIn({ client_secret: `${application.secret}x` });
  expect([wrong.status, wrong.body.error]).toEqual([401, "invalid_client"]);
  const unknown = await signIn({ client_id: "5b1e7fc4-0000-4000-8000-000000000000" });
  expect(unknown.body).toEqual(wrong.body);
  const none = await signIn({ client_secret: "" });
  expect(none.body).toEqual(wrong.body);
  const user = await signIn({ grant_type: "password", username: "ada", password: "x" });
  expect([user.status, user.body.error]).toEqual([400, "unsupported_grant_type"]);
});

test("who signs in and who fails to is written down, without what was shown", async () => {
  const { objectId, applicationId, secret } = application;
  const who = { principal: { objectId, name: "deploy" }, clientId: applicationId, kind: "application" };
  expect(await fixture.signInRecord(applicationId, "succeeded")).toMatchObject({
    event: "sign-in",
    ...who,
    error: null,
    address: "127.0.0.1",
  });
  expect(await fixture.signInRecord(applicationId, "failed")).toMatchObject({
    event: "sign-in",
    error: "invalid_client",
    ...who,
  });
  expect(fixture.auditLog).not.toContain(secret);
});

test("however its path is spelled, the endpoint counts who fails and writes down who signs in", async () => {
  const { applicationId, secret: client_secret } = await fixture.application("spelling");
  const client_id = applicationId ?? "";
  const form = { grant_type: "client_credentials", client_id, scope: "https://management.azure.com/.default" };
  for (const endpoint of ["oauth2/v2.0/TOKEN", "oauth2/v2.0/token/", "OAuth2/V2.0/Token/"]) {
    const { status, body } = await fixture.post(endpoint, { ...form, client_secret });
    expect([status, body.ext_expires_in]).toEqual([200, 3_600]);
    expect((await fixture.post(endpoint, { ...form, client_secret: "wrong" })).body.error_description).toContain(
      "expired",
    );
  }
  expect(await fixture.signInRecord(client_id, "failed")).toMatchObject({ principal: { name: "spelling" } });
});

test("an unknown tenant says so, and Entra's discovery of instances is answered", async () => {
  const { origin, tenant } = await fixture.authority();
  const elsewhere = await withCa(`${origin}/contoso.com/v2.0/.well-known/openid-configuration`);
  expect([elsewhere.status, await elsewhere.json()]).toMatchObject([400, { error: "invalid_tenant" }]);
  const instances = await withCa(`${origin}/common/discovery/instance?api-version=1.1`);
  expect(await instances.json()).toMatchObject({
    tenant_discovery_endpoint: `${origin}/${tenant}/v2.0/.well-known/openid-configuration`,
    metadata: [{ aliases: [new URL(origin).host] }],
  });
});

test("who asks with the first version of the metadata signs in as with AD FS, where no host has to be known to Microsoft", async () => {
  const { origin, tenant } = await fixture.authority();
  const { body } = await fixture.call("GET", "/metadata/endpoints?api-version=2015-01-01");
  expect(body).toEqual({
    galleryEndpoint: `${fixture.base}/`,
    graphEndpoint: `${fixture.base}/`,
    portalEndpoint: `${fixture.base}/`,
    authentication: { loginEndpoint: `${origin}/adfs`, audiences: [`${fixture.base}/`] },
  });
  const discovery = await withCa(`${body.authentication.loginEndpoint}/.well-known/openid-configuration`);
  expect(await discovery.json()).toMatchObject({
    authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
    device_authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/devicecode`,
  });
  const named = await withCa(`${body.authentication.loginEndpoint}/larder/.well-known/openid-configuration`);
  expect(await named.json()).toMatchObject({ issuer: `${origin}/${tenant}/v2.0` });
  expect((await withCa(`${origin}/adfs/contoso.com/.well-known/openid-configuration`)).status).toBe(400);
});

test("large bodies, odd ones and odd hosts are refused", async () => {
  const { origin, tenant } = await fixture.authority();
  const url = `${origin}/${tenant}/oauth2/v2.0/token`;
  const answers = [
    { body: `client_id=${"x".repeat(100_000)}`, headers: { "content-type": "application/x-www-form-urlencoded" } },
    { body: "{}", headers: { "content-type": "application/json" } },
    {
      body: "grant_type=client_credentials&grant_type=x",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    },
    { body: "", headers: { host: "a/b" } },
  ].map(async (init) => (await withCa(url, { method: "POST", ...init })).status);
  expect(await Promise.all(answers)).toEqual([413, 400, 400, 400]);
});
