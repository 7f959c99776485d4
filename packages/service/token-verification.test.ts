import { beforeAll, expect, test } from "bun:test";
import {
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose";
import { type KnownIssuer, plainAudience, tokenRules, verifyToken } from "./token-verification.ts";

const issuer = "https://issuer.example/tenant/v2.0";
const audience = "https://redis.azure.com";
const nowMs = 1_800_000_000_000;
const now = nowMs / 1_000;

let rsa: CryptoKeyPair;
let ec: CryptoKeyPair;
let stranger: CryptoKeyPair;
let known: KnownIssuer;

beforeAll(async () => {
  rsa = (await generateKeyPair("RS256")) as CryptoKeyPair;
  ec = (await generateKeyPair("ES256")) as CryptoKeyPair;
  stranger = (await generateKeyPair("RS256")) as CryptoKeyPair;
  const keys = [
    { ...(await exportJWK(rsa.publicKey)), kid: "r", alg: "RS256" },
    { ...(await exportJWK(ec.publicKey)), kid: "e" },
  ];
  known = { audiences: [audience], findKey: createLocalJWKSet({ keys }) };
});

const usual = { iss: issuer, aud: audience, exp: now + 3_600, oid: "someone" };

function sign(claims: JWTPayload, header: JWTHeaderParameters = { alg: "RS256", kid: "r" }, key = rsa.privateKey) {
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

async function outcome(token: string): Promise<string | null> {
  return (await verifyToken(token, (name) => (name === issuer ? known : undefined), nowMs)).refusal;
}

test("a token of an issuer that is known counts until it expires", async () => {
  const verdict = await verifyToken(await sign(usual), () => known, nowMs);
  expect(verdict).toMatchObject({ refusal: null, claims: { oid: "someone" }, expiresMs: nowMs + 3_600_000 });
  expect(await outcome(await sign(usual, { alg: "ES256", kid: "e" }, ec.privateKey))).toBeNull();
  expect(await outcome(await sign({ ...usual, aud: ["other", `${audience}/`] }))).toBeNull();
});

test("time", async () => {
  const leeway = tokenRules.leewayMs / 1_000;
  expect(await outcome(await sign({ ...usual, exp: now - leeway - 1 }))).toBe("expired");
  expect(await outcome(await sign({ ...usual, exp: now - leeway + 2 }))).toBeNull();
  expect(await outcome(await sign({ ...usual, nbf: now + leeway + 1 }))).toBe("not yet valid");
  expect(await outcome(await sign({ ...usual, nbf: now + leeway - 1 }))).toBeNull();
  const { exp: _, ...endless } = usual;
  expect(await outcome(await sign(endless))).toBe("malformed");
  expect(await outcome(await sign({ ...usual, exp: "never" } as unknown as JWTPayload))).toBe("malformed");
});

test("whose, and for whom", async () => {
  expect(await outcome(await sign({ ...usual, iss: "https://other.example" }))).toBe("unknown issuer");
  expect(await outcome(await sign({ ...usual, aud: "https://management.azure.com" }))).toBe("other audience");
  expect(await outcome(await sign({ ...usual, aud: [] }))).toBe("other audience");
});

test("signatures", async () => {
  expect(await outcome(await sign(usual, { alg: "RS256", kid: "r" }, stranger.privateKey))).toBe("bad signature");
  expect(await outcome(await sign(usual, { alg: "RS256", kid: "new" }, stranger.privateKey))).toBe("unknown key");
  const [header = "", claims = ""] = (await sign(usual)).split(".");
  const none = Buffer.from(JSON.stringify({ alg: "none", kid: "r" })).toString("base64url");
  for (const forged of [`${none}.${claims}.`, `${none}.${claims}.AAAA`, `${header}.${claims}.`])
    expect(await outcome(forged)).toBe("bad signature");
});

test("a public key is no secret to sign with", async () => {
  const pem = Buffer.from(await exportSPKI(rsa.publicKey));
  const forged = await new SignJWT(usual).setProtectedHeader({ alg: "HS256", kid: "r" }).sign(pem);
  expect(await outcome(forged)).toBe("bad signature");
});

test("what is no token", async () => {
  const token = await sign(usual);
  const texts = [
    "",
    ".",
    "a.b",
    "a.b.c",
    "..",
    "\u0000",
    "é".repeat(50),
    `${token}.x`,
    token.slice(0, -4),
    "a".repeat(20_000),
  ];
  for (const text of texts) expect(["malformed", "bad signature"]).toContain((await outcome(text)) ?? "taken");
});

test("audiences compare letter for letter, but for one slash at the end", async () => {
  for (const aud of ["https://Redis.azure.com", "HTTPS://redis.azure.com", `${audience}//`, `${audience}/.default`, ""])
    expect(await outcome(await sign({ ...usual, aud }))).toBe("other audience");
  expect(await outcome(await sign({ ...usual, aud: `${audience}/` }))).toBeNull();
});

test("an audience may be configured as a scope", () => {
  expect(plainAudience("https://redis.azure.com/.default")).toBe("https://redis.azure.com");
  expect(plainAudience("https://redis.azure.com/")).toBe("https://redis.azure.com");
  expect(plainAudience("acca5fbb/.default")).toBe("acca5fbb");
});
