/** A controller in this process that is its own identity provider, and a browser of few words, for tests. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { larderCliClientId, type PrincipalCreated } from "@larder/api";
import { systemClock } from "@larder/service";
import type { SignInRecord } from "../audit/sign-in-record.ts";
import { ControllerFixture } from "../controller-fixture.ts";
import type { ControllerOptions } from "../controller-options.ts";
import { deviceCodeGrant } from "./first-party-clients.ts";

export const password = "correct horse";
/** As Azure's clients ask. */
export const scope = "https://management.azure.com/.default offline_access openid profile";

export interface DeviceCode {
  device_code: string;
  user_code: string;
  verification_uri: string;
  message: string;
}

export class IdentityFixture extends ControllerFixture {
  constructor(options: Partial<ControllerOptions> = {}) {
    super({ identityPort: 0, ...options });
  }

  override async start(): Promise<void> {
    await super.start({ agent: false, gateway: false });
  }

  /** Where Azure's clients would sign in. */
  async authority(): Promise<{ origin: string; tenant: string }> {
    const { body } = await this.call("GET", "/metadata/endpoints");
    return { origin: body.authentication.loginEndpoint.replace(/\/$/, ""), tenant: body.authentication.tenant };
  }

  async application(
    name = "deploy",
    options: { secretDays?: number } = {},
  ): Promise<PrincipalCreated & { secret: string }> {
    const { body } = await this.call("POST", "/larder/principals", { body: { kind: "application", name, ...options } });
    return { ...body, secret: body.issued.secret };
  }

  async user(name = "ada"): Promise<PrincipalCreated> {
    const body = { kind: "user", name, password, displayName: "Ada Lovelace" };
    return (await this.call("POST", "/larder/principals", { body })).body;
  }

  get auditLog(): string {
    return readFileSync(join(this.directory, "data/audit.log"), "utf8");
  }

  /** The newest record of a sign-in of the client that ended so: records come a moment after the answer. */
  async signInRecord(clientId: string | null, outcome: SignInRecord["outcome"]): Promise<SignInRecord> {
    for (;;) {
      const lines = this.auditLog.split("\n").filter((line) => line.includes('"event":"sign-in"'));
      const records = lines.map((line): SignInRecord => JSON.parse(line));
      const record = records.findLast((each) => each.clientId === clientId && each.outcome === outcome);
      if (record !== undefined) return record;
      await systemClock.sleep(10);
    }
  }

  /** One POST of a form to an endpoint of the tenant: "oauth2/v2.0/token". */
  async post(endpoint: string, form: Record<string, string>, headers: Record<string, string> = {}) {
    const { origin, tenant } = await this.authority();
    const response = await fetch(`${origin}/${tenant}/${endpoint}`, {
      method: "POST",
      body: new URLSearchParams(form),
      headers,
      tls: { ca: this.ca },
    });
    // biome-ignore lint/suspicious/noExplicitAny: tests look into the answers of a protocol
    return { status: response.status, headers: response.headers, body: (await response.json()) as any };
  }

  askToken(form: Record<string, string>) {
    return this.post("oauth2/v2.0/token", form);
  }

  async deviceCode(clientId = larderCliClientId): Promise<DeviceCode> {
    return (await this.post("oauth2/v2.0/devicecode", { client_id: clientId, scope })).body;
  }

  redeem(code: string, clientId = larderCliClientId) {
    return this.askToken({ grant_type: deviceCodeGrant, client_id: clientId, device_code: code });
  }

  /** As far as the page that asks who one is. */
  async typeCode(browser: TestBrowser, { verification_uri, user_code }: DeviceCode): Promise<Page> {
    const compare = await browser.submit(await browser.get(verification_uri), { user_code });
    if (!compare.text.includes(user_code)) throw new Error(`the code is not shown: ${compare.text}`);
    return browser.submit(compare, { confirm: "yes" });
  }

  async signInWithCode(asked: DeviceCode): Promise<Page> {
    const browser = this.browser();
    return browser.submit(await this.typeCode(browser, asked), { name: "ADA", password, action: "sign-in" });
  }

  browser(): TestBrowser {
    return new TestBrowser(this.ca);
  }
}

export interface Page {
  status: number;
  url: string;
  text: string;
  headers: Headers;
}

/** Keeps cookies by path, follows redirects, fills in forms. */
export class TestBrowser {
  readonly #ca: string;
  #cookies: { name: string; value: string; path: string }[] = [];

  constructor(ca: string) {
    this.#ca = ca;
  }

  get(url: string): Promise<Page> {
    return this.#go(url, { method: "GET" });
  }

  /** Sends the page's only form, with what it has already. */
  submit(page: Page, values: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    const action = /<form method="post" action="([^"]*)"/.exec(page.text)?.[1];
    if (action === undefined) throw new Error(`there is no form on ${page.url}: ${page.text}`);
    const given = [...page.text.matchAll(/<input[^>]*name="(\w+)"[^>]*value="([^"]*)"/g)];
    const form = new URLSearchParams(Object.fromEntries(given.map(([, name = "", value = ""]) => [name, value])));
    for (const [name, value] of Object.entries(values)) form.set(name, value);
    return this.#go(new URL(action, page.url).href, { method: "POST", body: form, headers });
  }

  async #go(url: string, init: RequestInit): Promise<Page> {
    const { pathname, hostname } = new URL(url);
    if (hostname !== "localhost") throw new Error(`the browser was sent to ${url}`);
    const cookies = this.#cookies.filter(({ path }) => pathname.startsWith(path));
    const headers = {
      ...(init.headers as Record<string, string>),
      cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
    };
    const response = await fetch(url, { ...init, headers, redirect: "manual", tls: { ca: this.#ca } });
    this.#keep(response.headers.getSetCookie());
    const text = await response.text();
    const location = response.headers.get("location");
    if (location === null) return { status: response.status, url, text, headers: response.headers };
    const next = new URL(location, url).href;
    if (new URL(next).origin !== new URL(url).origin)
      return { status: response.status, url: next, text, headers: response.headers };
    return this.#go(next, { method: "GET" });
  }

  #keep(lines: string[]): void {
    for (const line of lines) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const path = /path=([^;]*)/i.exec(line)?.[1] ?? "/";
      this.#cookies = this.#cookies.filter((cookie) => cookie.name !== name || cookie.path !== path);
      if (value !== "") this.#cookies.push({ name, value, path });
    }
  }
}
