/** Azure's own library signs in against the embedded identity provider, as programs and their users do against Entra. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { ClientSecretCredential, DeviceCodeCredential } from "@azure/identity";
import { decodeJwt } from "jose";
import { type DeviceCode, IdentityFixture } from "./identity-fixture.ts";

let fixture: IdentityFixture;

beforeAll(async () => {
  fixture = new IdentityFixture();
  await fixture.start();
});
afterAll(() => fixture.stop());

async function options() {
  const { origin } = await fixture.authority();
  const retryOptions = { maxRetries: 0 };
  return { authorityHost: origin, disableInstanceDiscovery: true, tlsOptions: { ca: fixture.ca }, retryOptions };
}

test("an application, with its secret", async () => {
  const { tenant } = await fixture.authority();
  const { applicationId, objectId, secret } = await fixture.application();
  const credential = new ClientSecretCredential(tenant, applicationId ?? "", secret, await options());
  const { token, expiresOnTimestamp } = await credential.getToken("https://redis.azure.com/.default");
  expect(decodeJwt(token)).toMatchObject({ aud: "https://redis.azure.com", oid: objectId });
  expect(Math.abs(expiresOnTimestamp / 1_000 - (decodeJwt(token).exp ?? 0))).toBeLessThan(5);
  const wrong = new ClientSecretCredential(tenant, applicationId ?? "", `${secret}x`, await options());
  await expect(wrong.getToken("https://management.azure.com/.default")).rejects.toThrow("invalid_client");
});

test("the tenant adfs, of which nobody asks Microsoft", async () => {
  const { applicationId, objectId, secret } = await fixture.application("unasked");
  const { disableInstanceDiscovery: _, ...plain } = await options();
  const credential = new ClientSecretCredential("adfs", applicationId ?? "", secret, plain);
  const { token } = await credential.getToken("https://management.azure.com/.default");
  expect(decodeJwt(token)).toMatchObject({ oid: objectId });
});

test("a person, with a code", async () => {
  const { tenant } = await fixture.authority();
  const { objectId } = await fixture.user();
  const credential = new DeviceCodeCredential({
    ...(await options()),
    tenantId: tenant,
    userPromptCallback: ({ message, userCode, verificationUri }) => {
      expect(message).toContain(userCode);
      void fixture.signInWithCode({ user_code: userCode, verification_uri: verificationUri } as DeviceCode);
    },
  });
  const management = await credential.getToken("https://management.azure.com/.default");
  expect(decodeJwt(management.token)).toMatchObject({ aud: "https://management.azure.com", oid: objectId });
  const redis = await credential.getToken("https://redis.azure.com/.default");
  expect(decodeJwt(redis.token)).toMatchObject({ aud: "https://redis.azure.com", oid: objectId });
}, 20_000);
