/**
 * Lists in pages, as Azure Resource Manager has them: `{value, nextLink?}`. The link leads back under the address that the
 * caller used and carries its query, with `$skipToken`: where the next page begins, which callers need not understand. A page
 * begins behind a name, not at a number, so nothing is missing or twice when resources come and go in between. That name is of
 * something that the caller may read, as anybody can decode it.
 */
import { LarderError, type Page } from "@larder/api";
import type { Context } from "hono";
import type { RequestVariables } from "./api-context.ts";
import { callerBase } from "./request-path.ts";

/** Of one page: as many as a service of ordinary size has in all, and still an answer within some ten milliseconds. */
export const pageItemsMax = 1_000;

interface Paged<T, Body> {
  /** Unique in the list; the order of the list. */
  nameOf(item: T): string;
  /** Made for what is on the page, and for what the caller may not read before it. */
  bodyOf(item: T): Body;
}

/** The page that the caller asks for, by `$skipToken` and `$top`. Throws InvalidParameter. */
export function pageOf<T, Body>(context: Context, items: readonly T[], { nameOf, bodyOf }: Paged<T, Body>): Page<Body> {
  const top = topOf(context);
  const after = afterOf(context);
  const sorted = items.map((item) => ({ item, name: nameOf(item) })).sort((a, b) => compare(a.name, b.name));
  const rest = after === undefined ? sorted : sorted.filter(({ name }) => compare(name, after) > 0);
  const mayRead: RequestVariables["mayRead"] = context.get("mayRead");
  const value: Body[] = [];
  let last = "";
  for (const { item, name } of rest) {
    const body = bodyOf(item);
    if (mayRead !== undefined && !mayRead((body as { id?: unknown }).id)) continue;
    if (value.length === top) return { value, nextLink: nextLink(context, last) };
    value.push(body);
    last = name;
  }
  return { value };
}

/** The caller's own address and query, going on where this answer ends. */
export function nextLink(context: Context, after: string): string {
  const { pathname, searchParams } = new URL(context.req.url);
  for (const name of [...searchParams.keys()]) if (isSkipToken(name)) searchParams.delete(name);
  searchParams.set("$skipToken", Buffer.from(after).toString("base64url"));
  return `${callerBase(context)}${pathname}?${searchParams.toString()}`;
}

/** What the token that the caller brings stands for; undefined without one. Throws InvalidParameter. */
export function afterOf(context: Context): string | undefined {
  const [, token] = Object.entries(context.req.query()).find(([name]) => isSkipToken(name)) ?? [];
  if (token === undefined) return undefined;
  const after = Buffer.from(token, "base64url");
  if (after.length > 0 && after.toString("base64url") === token) return after.toString();
  throw new LarderError("InvalidParameter", "'$skipToken' is not one that this service gave.", {
    target: "$skipToken",
  });
}

/** Clients write it in two ways. */
function isSkipToken(name: string): boolean {
  return name.toLowerCase() === "$skiptoken";
}

function topOf(context: Context): number {
  const text = context.req.query("$top");
  if (text === undefined) return pageItemsMax;
  if (/^[1-9]\d{0,8}$/.test(text)) return Math.min(Number(text), pageItemsMax);
  throw new LarderError("InvalidParameter", "'$top' must be a whole number from 1.", { target: "$top" });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
