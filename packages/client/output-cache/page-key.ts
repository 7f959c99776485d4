/**
 * Which page a request asks for, and what of the request its handler gets to see. Both are made of the same parts, so that nothing
 * which is not in the key can change what is stored under it: neither a header that a proxy in front does not know, nor a parameter
 * that is not in the list, nor somebody's cookies.
 *
 * A key is `["page@host", "/shoes", "/42", "?size=42", variant]`: every path is a prefix that can be purged. The variant is a hash of
 * the scheme and of all that `vary` names.
 */
import { createHash } from "node:crypto";
import { cookiesOf } from "./cookies.ts";
import { chosenLanguage } from "./http/negotiation.ts";
import { outputCacheLimits, type PageRequest } from "./options.ts";
import { decoded, pathOf, type Route } from "./route.ts";

/** A GET request, as the handler gets to see it. */
export interface RenderRequest {
  url: string;
  scheme: "http" | "https";
  host: string;
  /** Also `host`. */
  headers: readonly (readonly [name: string, value: string])[];
}

export interface PageKey {
  key: readonly string[];
  render: RenderRequest;
}

/** Null for what is too long to be kept. `alsoVaryOn`: headers that the response's Vary named besides the route's. */
export function pageKey(
  request: PageRequest,
  { route, hosts, alsoVaryOn }: { route: Route; hosts: readonly string[] | undefined; alsoVaryOn: readonly string[] },
): PageKey | null {
  const query = normalQuery(queryOf(request.url), route.query);
  const path = pathOf(request.url);
  const shown = shownHeaders(request, route, alsoVaryOn);
  if (path.length + query.length > outputCacheLimits.urlBytesMax) return null;
  if (shown.some(([, value]) => value.length > outputCacheLimits.varyValueBytesMax)) return null;
  const host = hosts === undefined ? "localhost" : (request.host ?? "").toLowerCase();
  const variant = JSON.stringify([request.scheme, shown, route.extraKeyOf(request)]);
  return {
    key: [...prefixOf(path, hosts && host), query, hashOf(variant)],
    render: {
      url: query === "?" ? path : path + query,
      scheme: request.scheme,
      host,
      headers: [["host", host], ...shown, ...forwarded(request, route, shown)],
    },
  };
}

/** The key's parts up to a path: what is purged with it. */
export function prefixOf(path: string, host: string | undefined): string[] {
  const segments = path.split("/").slice(1);
  const apart = segments.slice(0, outputCacheLimits.segmentsMax);
  const rest = segments.slice(outputCacheLimits.segmentsMax);
  const parts = [`page@${host ?? ""}`, ...apart.map((segment) => `/${segment}`)];
  return rest.length === 0 ? parts : [...parts, `/${rest.join("/")}`];
}

/** "?" and the parameters that count, in the order of their names; "?" alone where there are none. */
export function normalQuery(query: string, allowed: Route["query"]): string {
  const parameters = query
    .split("&")
    .filter((parameter) => parameter !== "")
    .map((parameter) => ({ parameter, name: parameterName(parameter) }))
    .filter(({ name }) => allowed === "all" || allowed.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return `?${parameters.map(({ parameter }) => parameter).join("&")}`;
}

export function queryOf(url: string): string {
  const start = url.indexOf("?");
  return start === -1 ? "" : url.slice(start + 1);
}

function parameterName(parameter: string): string {
  return decoded((parameter.split("=", 1)[0] as string).replaceAll("+", " "));
}

type Shown = readonly (readonly [name: string, value: string])[];

function shownHeaders(request: PageRequest, route: Route, alsoVaryOn: readonly string[]): Shown {
  const shown: [string, string][] = [];
  for (const name of new Set([...route.varyHeaders, ...alsoVaryOn])) {
    const value = request.header(name)?.trim();
    if (value !== undefined) shown.push([name, value]);
  }
  if (route.languages.length > 0)
    shown.push(["accept-language", chosenLanguage(request.header("accept-language"), route.languages)]);
  const cookies = cookiesOf(route.cookies.length > 0 ? request.header("cookie") : undefined);
  const named = route.cookies.filter((name) => cookies.has(name)).map((name) => `${name}=${cookies.get(name)}`);
  if (named.length > 0) shown.push(["cookie", named.join("; ")]);
  if (request.scheme === "https") shown.push(["x-forwarded-proto", "https"]);
  return shown;
}

function forwarded(request: PageRequest, { forward }: Route, shown: Shown): [string, string][] {
  return forward
    .filter((name) => !shown.some(([each]) => each === name))
    .flatMap((name) => {
      const value = request.header(name);
      return value === undefined ? [] : [[name, value] as [string, string]];
    });
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 32);
}
