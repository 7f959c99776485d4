/** What a purge names, as prefixes of keys. Pure. */
import type { Key } from "../cache/options.ts";
import { outputCacheLimits, type PageRequest } from "./options.ts";
import { normalQuery, prefixOf, queryOf } from "./page-key.ts";
import { pathOf, type Route } from "./route.ts";

export type PurgeTarget =
  /** Pages and fragments with any of the tags. */
  | { tags: readonly string[] }
  /** The path and all below it, with any query. `/` is everything. Beyond its fifth segment, all below the fifth. */
  | { path: string }
  /** One page, with exactly this query, in all its variants. With a host if it is of only one of `hosts`. */
  | { url: string }
  /** A fragment, or all whose key begins with this. */
  | { fragment: Key };

/** The keys and prefixes that a path or URL stands for. */
export function prefixesToPurge(
  target: { path: string } | { url: string },
  { routes, hosts }: { routes: readonly Route[]; hosts: readonly string[] | undefined },
): string[][] {
  const everyHost = hosts ?? [undefined];
  if ("path" in target) return everyHost.map((host) => prefixBelow(target.path, host));
  const { url, host } = parseUrl(target.url);
  const allowed = routes.find((route) => route.matches(requestFor(url, host)))?.query ?? "all";
  const on = hosts !== undefined && host !== undefined ? [host] : everyHost;
  return on.map((each) => [...prefixOf(pathOf(url), each), normalQuery(queryOf(url), allowed)]);
}

function prefixBelow(path: string, host: string | undefined): string[] {
  if (!path.startsWith("/")) throw new TypeError(`path has to start with "/": ${JSON.stringify(path)}`);
  return prefixOf(path.replace(/\/$/, ""), host).slice(0, 1 + outputCacheLimits.segmentsMax);
}

function parseUrl(url: string): { url: string; host: string | undefined } {
  if (url.startsWith("/")) return { url, host: undefined };
  const [, host, rest = ""] = /^https?:\/\/([^/?#]+)([^#]*)/i.exec(url) ?? [];
  if (host === undefined) throw new TypeError(`url is no URL, and does not start with "/": ${JSON.stringify(url)}`);
  return { url: rest.startsWith("/") ? rest : `/${rest}`, host: host.toLowerCase() };
}

function requestFor(url: string, host: string | undefined): PageRequest {
  return { method: "GET", url, scheme: "https", host, header: () => undefined };
}
