/** A kept page as one client gets it: coding, 304, HEAD, Age, Vary. Pure. */
import { type CacheStatus, cacheStatusHeader } from "./cache-status.ts";
import { etagIn, isNotModified } from "./http/conditional.ts";
import { type HeaderList, headerOf, tokensOf, withHeader } from "./http/header-list.ts";
import type { Coding } from "./http/negotiation.ts";
import type { PageRequest } from "./options.ts";
import { ageMsOf, type Page } from "./page.ts";
import type { ResponseHead } from "./response-decision.ts";
import type { Route } from "./route.ts";

export interface Answer extends ResponseHead {
  /** Null: none is sent, whatever Content-Length says. */
  body: Uint8Array | AsyncIterable<Uint8Array> | null;
}

export interface Representation {
  coding: Coding;
  body: Uint8Array;
}

export interface AnswerContext {
  request: PageRequest;
  route: Route;
  nowMs: number;
  status: CacheStatus;
}

/** Of a 304 (RFC 9110, 15.4.5), and what this cache says. */
const headersOfNotModified = new Set([
  "cache-control",
  "content-location",
  "date",
  "etag",
  "expires",
  "last-modified",
  "vary",
  "age",
  "cache-status",
]);

export function answerWith(page: Page, { coding, body }: Representation, context: AnswerContext): Answer {
  const { request, nowMs } = context;
  const etag = headerOf(page.headers, "etag") as string;
  const isSame =
    page.status === 200 &&
    isNotModified(
      { ifNoneMatch: request.header("if-none-match"), ifModifiedSince: request.header("if-modified-since") },
      { etag, lastModified: headerOf(page.headers, "last-modified") },
    );
  let headers = headersFor(page, context);
  headers = withHeader(headers, "etag", etagIn(etag, coding));
  headers = withHeader(headers, "age", String(Math.floor(ageMsOf(page, nowMs) / 1_000)));
  if (isSame) return { status: 304, headers: headers.filter(([name]) => headersOfNotModified.has(name)), body: null };
  if (coding !== "identity") headers = withHeader(headers, "content-encoding", coding);
  if (page.status === 204) return { status: 204, headers, body: null };
  headers = withHeader(headers, "content-length", String(body.length));
  return { status: page.status, headers, body: request.method === "HEAD" ? null : body };
}

/** While it is rendered: before its entity tag and its length are known. */
export function answerWhileRendered(
  head: ResponseHead,
  { body, bytes }: { body: AsyncIterable<Uint8Array>; bytes: number | undefined },
  context: Omit<AnswerContext, "nowMs">,
): Answer {
  const headers = headersFor(head, context);
  return {
    status: head.status,
    headers: bytes === undefined ? headers : withHeader(headers, "content-length", String(bytes)),
    body,
  };
}

/** RFC 9111, 5.2.1.7. */
export function notCached(detail: string): Answer {
  return {
    status: 504,
    headers: [
      ["cache-status", cacheStatusHeader({ detail })],
      ["content-length", "0"],
    ],
    body: new Uint8Array(0),
  };
}

function headersFor({ headers }: { headers: HeaderList }, { route, status }: Omit<AnswerContext, "nowMs">): HeaderList {
  const vary = varyOf(headers, route);
  const earlier = headerOf(headers, "cache-status");
  const own = cacheStatusHeader(status);
  const all = withHeader(headers, "cache-status", earlier === undefined ? own : `${earlier}, ${own}`);
  return vary === "" ? all : withHeader(all, "vary", vary);
}

/** Caches on the way to the client have to tell apart what is told apart here. */
function varyOf(headers: HeaderList, route: Route): string {
  const names = new Set(tokensOf(headerOf(headers, "vary")));
  if (isCompressible(headers)) names.add("accept-encoding");
  if (route.languages.length > 0) names.add("accept-language");
  if (route.cookies.length > 0) names.add("cookie");
  for (const name of route.varyHeaders) names.add(name);
  return [...names].join(", ");
}

const textTypes =
  /^(text\/|image\/svg\+xml|application\/(json|javascript|xml|wasm|manifest\+json|[^;]+\+(json|xml))|font\/(ttf|otf))/i;

export function isCompressible(headers: HeaderList): boolean {
  if (tokensOf(headerOf(headers, "cache-control")).includes("no-transform")) return false;
  return textTypes.test(headerOf(headers, "content-type") ?? "");
}
