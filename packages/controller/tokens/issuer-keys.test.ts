/** Issuers that answer well, badly and not at all, on a real socket. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createLog, systemClock, systemRandomness } from "@larder/service";
import { exportJWK, generateKeyPair } from "jose";
import { requireIssuerUrl } from "./fetch-keys.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import { KeySet, type PublicKey } from "./key-set.ts";
import { TokenIssuers } from "./token-issuers.ts";

let key: PublicKey;
let answers: { discovery: () => Response | Promise<Response>; keys: () => Response | Promise<Response> };
let asked = 0;
let server: Bun.Server<undefined>;
let started: IssuerKeys[] = [];

const limits = { fetchMs: 200, refreshMs: 3_600_000, lookAgainMs: 3_600_000, emptyBelievedMs: 3_600_000 };

beforeEach(async () => {
  key ??= { ...(await exportJWK((await generateKeyPair("ES256")).publicKey)), kid: "one" };
  asked = 0;
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      if (request.url.endsWith("/keys")) asked++;
      return request.url.endsWith("/keys") ? answers.keys() : answers.discovery();
    },
  });
  answers = {
    discovery: () => Response.json({ issuer: issuer(), jwks_uri: `${issuer()}/keys` }),
    keys: () => Response.json({ keys: [key] }),
  };
});
afterEach(async () => {
  for (const each of started) each.stop();
  started = [];
  await server.stop(true);
});

function issuer(): string {
  return `http://127.0.0.1:${server.port}`;
}

function keysOf(options: Partial<ConstructorParameters<typeof IssuerKeys>[0]> = {}): IssuerKeys {
  const made = new IssuerKeys({
    issuer: issuer(),
    jwksUrl: null,
    known: [],
    clock: systemClock,
    randomness: systemRandomness,
    log: createLog("tokens", "fatal"),
    limits,
    ...options,
  });
  started.push(made);
  return made;
}

function ids(keys: IssuerKeys): unknown[] {
  return keys.keys.keys.map(({ kid }) => kid);
}

test("keys are found by the discovery document, and asked for once for all who wait", async () => {
  const keys = keysOf();
  await Promise.all([keys.lookFor("one"), keys.lookFor("one"), keys.lookFor("two")]);
  expect(ids(keys)).toEqual(["one"]);
  await keys.lookFor("one");
  await keys.lookFor("three");
  expect(asked).toBe(1);
});

test("a new key is found, and one that is taken back is gone", async () => {
  const keys = keysOf({ limits: { ...limits, lookAgainMs: 0 } });
  let changes = 0;
  keys.keys.listen(() => changes++);
  await keys.lookFor("one");
  answers.keys = () => Response.json({ keys: [{ ...key, kid: "two" }] });
  await keys.lookFor("two");
  await keys.lookFor("three");
  expect(ids(keys)).toEqual(["two"]);
  expect(changes).toBe(2);
});

test("only what is public and can sign is taken", async () => {
  const secret = { kty: "oct", k: "c2VjcmV0", kid: "shared" };
  const encryption = { ...key, use: "enc", kid: "other-use" };
  answers.keys = () => Response.json({ keys: [{ ...key, d: "private", x5c: ["…"] }, secret, encryption, null, 7] });
  const keys = keysOf();
  await keys.lookFor("one");
  expect(ids(keys)).toEqual(["one"]);
  expect(JSON.stringify(keys.keys.keys)).not.toContain("private");
});

test("who answers badly or not at all changes nothing and holds nobody up", async () => {
  const hang = () => new Promise<Response>(() => {});
  const drip = () =>
    new Response(
      new ReadableStream({
        async pull(stream) {
          stream.enqueue(Buffer.from(" "));
          await Bun.sleep(20);
        },
      }),
    );
  const bad = [
    { discovery: hang },
    { keys: hang },
    { keys: drip },
    { discovery: () => Response.json({ issuer: "https://other.example", jwks_uri: `${issuer()}/keys` }) },
    { discovery: () => Response.json({ issuer: issuer(), jwks_uri: "http://10.0.0.1/keys" }) },
    { discovery: () => Response.redirect("https://other.example") },
    { keys: () => new Response("gone", { status: 500 }) },
    { keys: () => new Response("<html>") },
    { keys: () => Response.json([]) },
    { keys: () => Response.json({ keys: "none" }) },
    { keys: () => new Response(" ".repeat(600_000)) },
  ];
  for (const answer of bad) {
    const good = answers;
    answers = { ...good, ...answer };
    const keys = keysOf({ known: [key], limits: { ...limits, fetchMs: 100 } });
    await keys.lookFor("two");
    expect(ids(keys)).toEqual(["one"]);
    answers = good;
  }
});

test("an issuer that names no key is believed once it has done so for long", async () => {
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const keys = keysOf({ known: [key], clock, limits: { ...limits, lookAgainMs: 0, emptyBelievedMs: 1_000 } });
  const lookAt = async (atMs: number, named: unknown[]) => {
    nowMs = atMs;
    answers.keys = () => Response.json({ keys: named });
    await keys.lookFor("two");
    return ids(keys);
  };
  expect(await lookAt(0, [])).toEqual(["one"]);
  expect(await lookAt(999, [{ kty: "oct", k: "c2VjcmV0" }])).toEqual(["one"]);
  expect(await lookAt(1_500, [key])).toEqual(["one"]);
  expect(await lookAt(1_600, [])).toEqual(["one"]);
  expect(await lookAt(2_600, [])).toEqual([]);
  expect(keys.emptyAnswers).toBe(4);
});

test("an issuer that is back is asked again by itself", async () => {
  answers.keys = () => new Response("", { status: 503 });
  const keys = keysOf();
  const changed = new Promise<void>((resolve) => keys.keys.listen(resolve));
  keys.start();
  await keys.lookFor("one");
  answers.keys = () => Response.json({ keys: [key] });
  await changed;
  expect(ids(keys)).toEqual(["one"]);
});

test("addresses that anybody could answer for are refused", () => {
  for (const text of [
    "",
    "issuer",
    "http://issuer.example",
    "https://a:b@issuer.example",
    "https://i.example/?x",
    "file:///etc",
  ])
    expect(() => requireIssuerUrl(text, "--token-issuer")).toThrow("--token-issuer must be an https URL");
  for (const text of ["https://issuer.example/tenant/v2.0", "http://127.0.0.1:8445/tenant", "http://[::1]:1/"])
    requireIssuerUrl(text, "--token-issuer");
});

test("gateways are told of all issuers, with plain audiences", () => {
  const issuers = new TokenIssuers();
  const own = new KeySet();
  let changes = 0;
  issuers.listen(() => changes++);
  issuers.add({
    issuer: "https://own",
    audiences: ["https://redis.azure.com/.default", "https://redis.azure.com"],
    keys: own,
  });
  own.use([key]);
  own.use([key]);
  expect(issuers.published()).toEqual([{ issuer: "https://own", audiences: ["https://redis.azure.com"], keys: [key] }]);
  expect(issuers.find("https://own")?.audiences).toHaveLength(2);
  expect(issuers.find("https://other")).toBeUndefined();
  expect(changes).toBe(2);
});
