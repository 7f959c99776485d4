/** A controller and an issuer: what gateways are told, also while the issuer changes, hangs or is away. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { exportJWK, generateKeyPair } from "jose";
import { ControllerFixture } from "../controller-fixture.ts";
import type { PublicKey } from "./key-set.ts";

let fixture: ControllerFixture;
let issuer: Bun.Server<undefined>;
let keys: PublicKey[] = [];
let hangs = false;

beforeAll(async () => {
  const key = await exportJWK((await generateKeyPair("ES256")).publicKey);
  keys = [{ ...key, kid: "one" }];
  issuer = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      if (hangs) return new Promise(() => {});
      if (request.url.endsWith("/keys")) return Response.json({ keys });
      return Response.json({ issuer: url(), jwks_uri: `${url()}/keys` });
    },
  });
  fixture = new ControllerFixture({ tokenIssuers: [url()] });
  await fixture.start({ agent: false });
});
afterAll(async () => {
  await fixture.stop();
  await issuer.stop(true);
});

function url(): string {
  return `http://127.0.0.1:${issuer.port}`;
}

function told(): unknown[] | undefined {
  return fixture.gateway.table?.tokenIssuers.find((each) => each.issuer === url())?.keys.map(({ kid }) => kid);
}

async function ask(question: unknown): Promise<Response> {
  return fetch("http://controller/gateway/token-key", {
    method: "POST",
    unix: fixture.socketPath,
    body: JSON.stringify(question),
  });
}

async function untilTold(ids: unknown[] | undefined): Promise<void> {
  while (JSON.stringify(told()) !== JSON.stringify(ids)) await Bun.sleep(5);
}

test("gateways are told the keys and the audiences of Azure's clients", async () => {
  await untilTold(["one"]);
  expect(fixture.gateway.table?.tokenIssuers[0]?.audiences).toEqual([
    "https://redis.azure.com",
    "acca5fbb-b7e4-4009-81f1-37e38fd66d78",
  ]);
});

test("a key that a gateway asks for is looked for, and the answer names the table that has it", async () => {
  keys = [...keys, { ...keys[0], kid: "two" } as PublicKey];
  const answer = await ask({ issuer: url(), keyId: "two" });
  const { revision } = (await answer.json()) as { revision: number };
  await untilTold(["one", "two"]);
  expect(fixture.gateway.table?.revision).toBe(revision);
});

test("questions about nobody, or that are none, cost nothing", async () => {
  expect((await ask({ issuer: "https://nobody.example", keyId: "x" })).status).toBe(200);
  for (const bad of [null, {}, { issuer: 1, keyId: "x" }, { issuer: "x".repeat(20_000), keyId: "x" }])
    expect((await ask(bad)).status).toBe(400);
});

test("after a restart gateways are told the keys that were known, though the issuer hangs; an issuer that is not trusted any more is gone", async () => {
  hangs = true;
  await fixture.controller.stop();
  const again = fixture.another({ tokenIssuers: [url()] });
  await again.start();
  await fixture.gateway.report();
  await untilTold(["one", "two"]);
  await again.stop();
  const without = fixture.another({ tokenIssuers: [] });
  await without.start();
  await untilTold(undefined);
  await without.stop();
});

test("the embedded provider's tokens are taken", async () => {
  const other = new ControllerFixture({ identityPort: 0 });
  await other.start({ agent: false });
  const embedded = () =>
    other.gateway.table?.tokenIssuers.find(({ issuer }) => issuer.startsWith("https://localhost:"));
  while (embedded()?.keys.length !== 1) await Bun.sleep(5);
  expect(embedded()?.audiences).toContain("https://redis.azure.com");
  expect(embedded()?.keys[0]).not.toHaveProperty("d");
  await other.stop();
});

test("an issuer that could be anybody is refused at the start", async () => {
  const other = new ControllerFixture({ tokenIssuers: ["http://issuer.example"] });
  await expect(other.controller.start()).rejects.toThrow("--token-issuer http://issuer.example must be an https URL");
  await other.stop();
});
