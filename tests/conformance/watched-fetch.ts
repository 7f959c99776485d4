/**
 * Loaded before every test file: what any test asks of Microsoft.Cache by `fetch` is held against the Swagger files, and the
 * test fails in which something does not agree. The official clients do not use `fetch`; `operations-run.ts` watches them.
 */
import { afterAll, afterEach } from "bun:test";
import { type Exchange, isOfCache } from "./exchange.ts";

const problems: string[] = [];

/** Holds an exchange against the Swagger files, for the test that runs. */
export async function note(exchange: Exchange): Promise<void> {
  // Loaded only where it is needed: most test files never call the API.
  const { exchangeProblems } = await import("./check-exchange.ts");
  problems.push(...exchangeProblems(exchange));
}

const plainFetch = globalThis.fetch;

async function watchedFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await plainFetch(input, init);
  const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
  const method = init?.method ?? "GET";
  if (!URL.canParse(url) || !isOfCache(url) || method === "HEAD" || method === "OPTIONS") return response;
  await note({
    method,
    url,
    requestBody: typeof init?.body === "string" ? init.body : "",
    status: response.status,
    headers: Object.fromEntries(response.headers),
    responseBody: await response.clone().text(),
  });
  return response;
}

globalThis.fetch = Object.assign(watchedFetch, { preconnect: plainFetch.preconnect });

afterEach(throwProblems);
afterAll(throwProblems);

function throwProblems(): void {
  const found = problems.splice(0);
  if (found.length > 0) throw new Error(["Against the Swagger files:", ...found].join("\n  "));
}
