/** People sign in with a browser: for a program elsewhere that shows a code, and for one on their own machine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { larderCliClientId } from "@larder/api";
import { decodeJwt } from "jose";
import { IdentityFixture, type Page, password, scope, type TestBrowser } from "./identity-fixture.ts";

const azureCli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

let fixture: IdentityFixture;

beforeAll(async () => {
  fixture = new IdentityFixture();
  await fixture.start();
  await fixture.user();
});
afterAll(() => fixture.stop());

describe("a program elsewhere", () => {
  test("gets tokens once somebody has signed in for it", async () => {
    const objectId = (await fixture.call("GET", "/larder/principals")).body.value[0].objectId;
    const asked = await fixture.deviceCode();
    expect(asked.message).toContain(asked.user_code);
    expect((await fixture.redeem(asked.device_code)).body.error).toBe("authorization_pending");
    const done = await fixture.signInWithCode(asked);
    expect(done.text).toContain("You are signed in");
    const { status, body } = await fixture.redeem(asked.device_code);
    expect([status, body.error]).toEqual([200, undefined]);
    expect(decodeJwt(body.access_token)).toMatchObject({
      aud: "https://management.azure.com",
      oid: objectId,
      sub: objectId,
      name: "Ada Lovelace",
      preferred_username: "ada",
      idtyp: "user",
    });
    expect(decodeJwt(body.id_token)).toMatchObject({ aud: larderCliClientId, oid: objectId, name: "Ada Lovelace" });
    expect(JSON.parse(Buffer.from(body.client_info, "base64url").toString())).toMatchObject({ uid: objectId });
  });

  test("gets them for other resources, and again, by its refresh token", async () => {
    const asked = await fixture.deviceCode();
    await fixture.signInWithCode(asked);
    const first = (await fixture.redeem(asked.device_code)).body;
    const refresh = (token: string, more: Record<string, string> = {}) =>
      fixture.askToken({ grant_type: "refresh_token", client_id: larderCliClientId, refresh_token: token, ...more });
    const redis = await refresh(first.refresh_token, {
      scope: "https://redis.azure.com/.default offline_access openid",
    });
    expect(decodeJwt(redis.body.access_token).aud).toBe("https://redis.azure.com");
    const plain = await refresh(redis.body.refresh_token);
    expect(decodeJwt(plain.body.access_token).aud).toBe("https://management.azure.com");
    const byId = await refresh(plain.body.refresh_token, { scope: "acca5fbb-b7e4-4009-81f1-37e38fd66d78/.default" });
    expect(decodeJwt(byId.body.access_token).aud).toBe("acca5fbb-b7e4-4009-81f1-37e38fd66d78");
    const reused = await refresh(plain.body.refresh_token);
    expect(reused.body.error).toBe("invalid_grant");
    expect((await refresh(byId.body.refresh_token)).body.error).toBe("invalid_grant");
  });

  test("may use a code once, and only the one that asked for it", async () => {
    const asked = await fixture.deviceCode();
    await fixture.signInWithCode(asked);
    expect((await fixture.redeem(asked.device_code, azureCli)).body.error).toBe("invalid_grant");
    const both = await Promise.all([fixture.redeem(asked.device_code), fixture.redeem(asked.device_code)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect((await fixture.redeem(asked.device_code)).body.error).toBe("invalid_grant");
  });

  test("is told when the person turns it down", async () => {
    const asked = await fixture.deviceCode();
    const browser = fixture.browser();
    const compare = await browser.submit(await browser.get(asked.verification_uri), { user_code: asked.user_code });
    expect((await browser.submit(compare, { abort: "yes" })).text).toContain("turned down");
    expect((await fixture.redeem(asked.device_code)).body.error).toBe("access_denied");

    const again = await fixture.deviceCode();
    const cancelled = await browser.submit(await fixture.typeCode(browser, again), { action: "cancel" });
    expect(cancelled.text).toContain("turned down");
    expect((await fixture.redeem(again.device_code)).body.error).toBe("access_denied");
  });
});

describe("a program on the person's own machine", () => {
  const verifier = "a-verifier-that-nobody-else-could-guess-as-it-is-long";
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const redirect = "http://localhost:9999/";

  async function authorize(browser: TestBrowser, more: Record<string, string> = {}): Promise<Page> {
    const { origin, tenant } = await fixture.authority();
    const query = new URLSearchParams({
      client_id: azureCli,
      response_type: "code",
      redirect_uri: redirect,
      scope,
      state: "mine",
      code_challenge: challenge,
      code_challenge_method: "S256",
      ...more,
    });
    return browser.get(`${origin}/${tenant}/oauth2/v2.0/authorize?${query}`);
  }

  function codeOf(page: Page): string {
    expect(page.url).toStartWith(redirect);
    return new URL(page.url).searchParams.get("code") ?? "";
  }

  function exchange(code: string, more: Record<string, string> = {}) {
    const form = {
      grant_type: "authorization_code",
      client_id: azureCli,
      code,
      redirect_uri: redirect,
      code_verifier: verifier,
    };
    return fixture.askToken({ ...form, ...more });
  }

  test("gets a code, and tokens for it", async () => {
    const browser = fixture.browser();
    const page = await authorize(browser);
    expect(page.text).toContain("Azure CLI");
    const code = codeOf(await browser.submit(page, { name: "ada", password, action: "sign-in" }));
    expect((await exchange(code, { code_verifier: `${verifier}x` })).body.error).toBe("invalid_grant");
    const fresh = await authorize(browser);
    expect(fresh.text).toContain("You are signed in as");
    const { status, body } = await exchange(codeOf(await browser.submit(fresh, { action: "agree" })));
    expect([status, body.error]).toEqual([200, undefined]);
    expect(decodeJwt(body.access_token).aud).toBe("https://management.azure.com");
  });

  test("is not sent anywhere else, and not without a challenge", async () => {
    const browser = fixture.browser();
    const elsewhere = await authorize(browser, { redirect_uri: "https://elsewhere.example/" });
    expect([elsewhere.status, elsewhere.text.includes("Not signed in")]).toEqual([400, true]);
    const plain = await authorize(browser, { code_challenge: "", code_challenge_method: "" });
    expect(new URL(plain.url).searchParams.get("error")).toBe("invalid_request");
  });
});

describe("the pages", () => {
  test("refuse a form of another page, and another browser's", async () => {
    const browser = fixture.browser();
    const page = await fixture.typeCode(browser, await fixture.deviceCode());
    const values = { name: "ada", password, action: "sign-in" };
    for (const headers of [
      { origin: "https://elsewhere.example" },
      { "sec-fetch-site": "cross-site" },
      { origin: "null" },
    ])
      expect((await browser.submit(page, values, headers as Record<string, string>)).status).toBe(403);
    expect((await fixture.browser().submit(page, values)).status).toBe(400);
    const other = fixture.browser();
    await fixture.typeCode(other, await fixture.deviceCode());
    expect((await other.submit(page, values)).status).toBe(400);
    expect((await browser.submit(page, values)).text).toContain("You are signed in");
  });

  test("fetch nothing, run nothing and are shown in no frame", async () => {
    const { origin } = await fixture.authority();
    const page = await fixture.browser().get(`${origin}/device?user_code=%22%3E%3Cscript%3E`);
    expect(page.text).not.toContain("<script");
    expect(page.text).not.toMatch(/(src|href)=/);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(page.headers.get("cache-control")).toBe("no-store");
  });

  test("say the same of a wrong name and a wrong password", async () => {
    const browser = fixture.browser();
    const page = await fixture.typeCode(browser, await fixture.deviceCode());
    const attempt = (name: string) => browser.submit(page, { name, password: "wrong", action: "sign-in" });
    const [unknown, wrong] = [await attempt("bob"), await attempt("ada")];
    expect([unknown.status, wrong.status]).toEqual([401, 401]);
    expect(unknown.text.replace("bob", "")).toBe(wrong.text.replace("ada", ""));
  });

  test("a code that is none says so", async () => {
    const { origin } = await fixture.authority();
    const browser = fixture.browser();
    const answer = await browser.submit(await browser.get(`${origin}/device`), { user_code: "BCDF-GHJK" });
    expect(answer.text).toContain("There is no such code");
  });
});
