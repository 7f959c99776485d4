/**
 * Requests made from the Swagger files, and worse: whatever comes, the answer is no fault of ours and comes soon, and what was refused
 * changed nothing in the store. LARDER_FUZZ_RUNS asks for more of them.
 */
import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import fc from "fast-check";
import { basicC0, ControllerFixture } from "../../packages/controller/controller-fixture.ts";
import { SqliteStore } from "../../packages/controller/store/sqlite-store.ts";
import { testSeed } from "../fixture/seed.ts";
import { bodyArbitrary } from "./swagger-arbitrary.ts";
import { operations } from "./swagger-operations.ts";

const runs = Number(process.env.LARDER_FUZZ_RUNS ?? 250);
/** No call waits for longer, but for a poll, which is held for less than this too. */
const answerMs = 5_000;
/** Something else may be written at the same moment; not every time. */
const attemptsMax = 3;

const fixture = new ControllerFixture();
const opened = spyOn(SqliteStore, "open");
let store: SqliteStore;
let subscription: string;
let token: string;
let ca: string;

beforeAll(async () => {
  const lives = new Map<string, string>();
  fixture.agent.outcome = ({ nodeId, endRunId }) => {
    const runId = lives.get(nodeId) ?? "1";
    if (endRunId === runId) lives.set(nodeId, `${runId}+`);
    return { runId: lives.get(nodeId) ?? "1" };
  };
  fixture.agent.answer = () => ({ error: null, offset: 0 });
  fixture.agent.progress = () => ({ state: "done" });
  await fixture.start();
  store = opened.mock.results.at(-1)?.value as SqliteStore;
  const cache = `${await fixture.group()}/providers/Microsoft.Cache/redis/shop`;
  await fixture.ended(await fixture.call("PUT", cache, { body: basicC0 }));
  subscription = await fixture.subscription();
  ({ token, ca } = fixture);
});
afterAll(() => {
  opened.mockRestore();
  return fixture.stop();
});

interface Hostile {
  method: string;
  path: string;
  query: string;
  body: string | undefined;
}

async function send({ method, path, query, body }: Hostile): Promise<Response> {
  return fetch(`${fixture.base}${path}?${query}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
    tls: { ca },
    signal: AbortSignal.timeout(answerMs),
  });
}

/** Everything in the store, with its revisions. */
async function dump(): Promise<string> {
  return JSON.stringify((await store.list("")).documents);
}

async function check(request: Hostile): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const before = await dump();
    const response = await send(request);
    const text = await response.text();
    if (response.status >= 500 && !text.includes('"ServiceUnavailable"'))
      throw new Error(`${response.status}: ${text}`);
    if (response.status < 400) return settled(response);
    if ((await dump()) === before) return;
    if (attempt === attemptsMax) throw new Error(`refused with ${response.status}, and the store has changed: ${text}`);
    await Bun.sleep(20);
  }
}

/** What was begun ends before the next request, so that not all are in conflict with it. */
async function settled(response: Response): Promise<void> {
  const url = response.headers.get("azure-asyncoperation");
  if (url === null) return;
  for (let poll = 0; poll < 3; poll++) {
    const { status } = (await (await fixture.call("GET", url)).body) as { status: string };
    if (status !== "InProgress") return;
  }
}

const names = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("shop", "SHOP", "other") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("..", "a--b", "%", "\u0000", "a/b", "x".repeat(300), "__proto__", "default"),
  },
  { weight: 1, arbitrary: fc.string({ minLength: 1 }) },
);
const versions = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("2024-11-01", "2022-06-01", "2015-08-01") },
  { weight: 1, arbitrary: fc.constantFrom("", "1999-01-01", "2024-11-01&api-version=x", "latest", "'") },
  { weight: 1, arbitrary: fc.string() },
);

/** Everything that redis has; more often what has a body. */
const chosen = operations
  .filter(({ file }) => file.startsWith("redis-"))
  .flatMap((operation) => (operation.describedBody === undefined ? [operation] : [operation, operation, operation]));

const described = fc.constantFrom(...chosen).chain((operation) => {
  const body = operation.describedBody;
  const bodies = body === undefined ? fc.constant(undefined) : bodyArbitrary(body, operation.file);
  return fc
    .record({ operation: fc.constant(operation), name: names, child: names, version: versions, body: bodies })
    .map(
      ({ operation: { method, path }, name, child, version, body: sent }): Hostile => ({
        method,
        path: placed(path, { name: method === "DELETE" && name.toLowerCase() === "shop" ? "other" : name, child }),
        query: `api-version=${version.startsWith("20") ? version : encodeURIComponent(version)}&history=1`,
        body: sent === undefined ? undefined : JSON.stringify(sent),
      }),
    );
});

/** The cache's name is the first after the subscription and the group; what is in it comes after. */
function placed(template: string, { name, child }: { name: string; child: string }): string {
  let isFirst = true;
  return template
    .replace("{subscriptionId}", subscription)
    .replace("{resourceGroupName}", "default")
    .replace(/\{\w+\}/g, () => {
      const value = encodeURIComponent(isFirst ? name.toWellFormed() : child.toWellFormed());
      isFirst = false;
      return value;
    });
}

test(
  `requests as described, and wrong here and there (seed ${testSeed})`,
  async () => {
    await fc.assert(fc.asyncProperty(described, check), { seed: testSeed, numRuns: runs, endOnFailure: true });
  },
  60_000 + runs * 100,
);

describe("a request", () => {
  const cache = () => `/subscriptions/${subscription}/resourceGroups/default/providers/Microsoft.Cache/redis/shop`;
  const put = (body: string): Hostile => ({ method: "PUT", path: cache(), query: "api-version=2024-11-01", body });
  const refused = async (request: Hostile) => {
    await check(request);
    return (await send(request)).status;
  };
  const nested = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

  test("nested deeply is refused", async () => {
    for (const depth of [100, 10_000, 40_000]) {
      expect(await refused(put(`{"properties":${nested("[", "]", depth)}}`))).toBe(400);
      expect(await refused(put(`{"location":"local","tags":${`{"a":`.repeat(depth)}1${"}".repeat(depth)}}`))).toBe(400);
    }
  });

  test("of any size is answered", async () => {
    for (const bytes of [256 * 1024 + 1, 3_000_000, 6_000_000])
      expect(await refused(put(JSON.stringify({ location: "x".repeat(bytes) })))).toBe(413);
  });

  test("that is no JSON, or no object, is refused", async () => {
    for (const body of ["", "{", "null", "7", '"text"', "[]", "\u0000", "{'a':1}", "\ufeff{}", "undefined"])
      expect(await refused(put(body))).toBe(400);
  });

  test("in another's subscription finds nothing there", async () => {
    const path = cache().replace(subscription, crypto.randomUUID());
    for (const method of ["GET", "PUT", "PATCH", "DELETE"])
      expect(await refused({ ...put("{}"), method, path, body: method === "GET" ? undefined : "{}" })).toBe(404);
  });

  test("without a known version is refused", async () => {
    for (const query of ["", "api-version=", "api-version=2030-01-01", "API-VERSION=2024-11-01x", "api-version[]=1"])
      expect(await refused({ ...put("{}"), query })).toBe(400);
  });
});
