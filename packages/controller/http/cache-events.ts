/** A cache's history, Larder's own: `GET …/events`, the newest first, in pages of `$top`. */
import { type CacheEvent, LarderError, type Page } from "@larder/api";
import type { Context } from "hono";
import { cacheEventsPrefix } from "../documents/document-keys.ts";
import { beneathCaches } from "./cache-roots.ts";
import { callerBase } from "./request-path.ts";

const pageDefault = 100;
const pageMax = 1_000;

export const cacheEvents = beneathCaches((app, api, root) => {
  app.get(`${root.path}/events`, async (context) => {
    const { cacheId } = (await api.caches.require(await root.place(context, api))).value;
    const top = wholeNumber(context, "$top", pageMax) ?? pageDefault;
    const before = wholeNumber(context, "$skipToken", Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY;
    const { documents } = await api.store.list<CacheEvent>(cacheEventsPrefix(cacheId));
    const older = documents.map(({ value }) => value).filter(({ number }) => number < before);
    return context.json(pageOf(context, older.toReversed(), top));
  });
});

function pageOf(context: Context, events: readonly CacheEvent[], top: number): Page<CacheEvent> {
  const value = events.slice(0, top);
  const last = value.at(-1);
  return last === undefined || events.length <= top ? { value } : { value, nextLink: nextLink(context, last.number) };
}

function nextLink(context: Context, before: number): string {
  const { pathname, searchParams } = new URL(context.req.url);
  searchParams.set("$skipToken", String(before));
  return `${callerBase(context)}${pathname}?${searchParams.toString()}`;
}

/** undefined where it is not given. Throws InvalidParameter. */
function wholeNumber(context: Context, name: string, max: number): number | undefined {
  const text = context.req.query(name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= max) return number;
  throw new LarderError("InvalidParameter", `'${name}' must be a whole number from 1 to ${max}.`, { target: name });
}
