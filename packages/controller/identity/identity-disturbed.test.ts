/** Sign-ins over restarts and changes, and of those who try until they are held off. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { larderCliClientId } from "@larder/api";
import { type Clock, systemClock } from "@larder/service";
import { IdentityFixture, password } from "./identity-fixture.ts";

let aheadMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
let fixture: IdentityFixture;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  aheadMs = 0;
  fixture = new IdentityFixture({ clock });
  await fixture.start();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await fixture.stop();
});

function signIn(clientId: string | null, secret: string) {
  return fixture.askToken({
    grant_type: "client_credentials",
    client_id: clientId ?? "",
    client_secret: secret,
    scope: "https://management.azure.com/.default",
  });
}

test("a device's sign-in goes on where it was when the controller was restarted", async () => {
  await fixture.user();
  const asked = await fixture.deviceCode();
  const browser = fixture.browser();
  const page = await fixture.typeCode(browser, asked);
  const { origin } = await fixture.authority();
  const { apiPort } = fixture.controller;
  await fixture.controller.stop();
  const controller = fixture.another({ identityPort: Number(new URL(origin).port), apiPort, clock });
  stops.push(() => controller.stop());
  await controller.start();
  const done = await browser.submit(page, { name: "ada", password, action: "sign-in" });
  expect(done.text).toContain("You are signed in");
  expect((await fixture.redeem(asked.device_code)).status).toBe(200);
});

test("who is removed or has another password since loses what his programs have", async () => {
  const { objectId } = await fixture.user();
  const refreshTokens: string[] = [];
  for (let count = 0; count < 2; count++) {
    const asked = await fixture.deviceCode();
    await fixture.signInWithCode(asked);
    refreshTokens.push((await fixture.redeem(asked.device_code)).body.refresh_token);
  }
  const refresh = async () => {
    const form = {
      grant_type: "refresh_token",
      client_id: larderCliClientId,
      refresh_token: refreshTokens.pop() ?? "",
    };
    return (await fixture.askToken(form)).body.error;
  };
  aheadMs = 2_000;
  await fixture.call("PUT", `/larder/principals/${objectId}/password`, { body: { password: "another horse" } });
  expect(await refresh()).toBe("invalid_grant");
  await fixture.call("DELETE", `/larder/principals/${objectId}`);
  expect(await refresh()).toBe("invalid_grant");
});

test("an application signs in with any of its secrets, until each expires or is taken back", async () => {
  const { applicationId, objectId, secret } = await fixture.application("deploy", { secretDays: 1 });
  const path = `/larder/principals/${objectId}/secrets`;
  const second = (await fixture.call("POST", path, { body: {} })).body;
  const statuses = async () =>
    Promise.all([secret, second.secret].map(async (each) => (await signIn(applicationId, each)).status));
  expect(await statuses()).toEqual([200, 200]);
  aheadMs = 86_400_000;
  expect(await statuses()).toEqual([401, 200]);
  expect((await fixture.call("DELETE", `${path}/${second.secretId}`)).status).toBe(204);
  expect(await statuses()).toEqual([401, 401]);
  const third = (await fixture.call("POST", path, { body: { replace: true } })).body;
  expect((await signIn(applicationId, third.secret)).status).toBe(200);
});

test("who guesses is held off, whatever he guesses then", async () => {
  await fixture.user();
  const { applicationId, secret } = await fixture.application();
  const browser = fixture.browser();
  const page = await fixture.typeCode(browser, await fixture.deviceCode());
  for (let count = 0; count < 10; count++) {
    expect((await signIn(applicationId, `${secret}x`)).status).toBe(401);
    expect((await browser.submit(page, { name: "ada", password: "wrong", action: "sign-in" })).status).toBe(401);
  }
  const held = await signIn(applicationId, secret);
  expect([held.status, held.headers.has("retry-after")]).toEqual([429, true]);
  const heldPage = await browser.submit(page, { name: "ada", password, action: "sign-in" });
  expect([heldPage.status, heldPage.text.includes("Too many sign-ins failed")]).toEqual([429, true]);
  const { body } = await fixture.call("GET", "/metrics");
  expect(body).toContain("larder_sign_ins_refused_total 20");
  expect(body).toContain("larder_sign_ins_held_off_total 2");
});
