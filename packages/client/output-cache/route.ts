/** A route's policy as it is checked once, and which route a request takes. */
import { durationMs } from "../duration.ts";
import {
  type OutputCacheOptions,
  outputCacheDefaults,
  type PageRequest,
  type RoutedRequest,
  type RouteOptions,
} from "./options.ts";

export interface Route {
  /** In events and metrics: the path as it was given, or its number. */
  name: string;
  matches(request: PageRequest): boolean;
  methods: readonly string[];
  ttlMs: number;
  negativeTtlMs: number;
  staleWhileRevalidateMs: number;
  staleIfErrorMs: number;
  /** In order, in lower case. */
  varyHeaders: readonly string[];
  languages: readonly string[];
  query: "all" | ReadonlySet<string>;
  cookies: readonly string[];
  tagsOf(request: PageRequest): readonly string[];
  extraKeyOf(request: PageRequest): string;
  forward: readonly string[];
  signInCookies: readonly string[];
  servesSignedIn: boolean;
  dropsSetCookie: boolean;
  obeysRequest: boolean;
}

/** Throws a TypeError that names the option. */
export function parseRoutes({ routes, signInCookies }: OutputCacheOptions): Route[] {
  if (!Array.isArray(routes)) throw new TypeError("routes is no list.");
  return routes.map((route: RouteOptions, index) => {
    const option = `routes[${index}]`;
    const ttlMs = durationMs(route.ttl, `${option}.ttl`);
    const { matches, routed } = matcherOf(route, option);
    const tags = tagsOf(route.tags, option);
    const { key } = route;
    return {
      name: route.path ?? option,
      matches,
      methods: parseMethods(route.methods ?? ["GET", "HEAD"], option),
      ttlMs,
      negativeTtlMs: durationMs(
        route.negativeTtl ?? Math.min(ttlMs, outputCacheDefaults.negativeTtlMsMax),
        `${option}.negativeTtl`,
      ),
      staleWhileRevalidateMs: durationMs(route.staleWhileRevalidate ?? 0, `${option}.staleWhileRevalidate`),
      staleIfErrorMs: durationMs(route.staleIfError ?? 0, `${option}.staleIfError`),
      ...parseVary(route, option),
      tagsOf: (request) => tags(routed(request)),
      extraKeyOf: (request) => key?.(routed(request)) ?? "",
      forward: parseForward(route.forward ?? [], option),
      signInCookies: signInCookies ?? outputCacheDefaults.signInCookies,
      servesSignedIn: oneOf(route.signedIn ?? "pass", ["pass", "anonymous"], `${option}.signedIn`) === "anonymous",
      dropsSetCookie: oneOf(route.setCookie ?? "refuse", ["refuse", "drop"], `${option}.setCookie`) === "drop",
      obeysRequest: route.ignoreRequestCacheControl !== true,
    };
  });
}

export function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}

interface Matcher {
  matches(request: PageRequest): boolean;
  routed(request: PageRequest): RoutedRequest;
}

function matcherOf({ path, match }: RouteOptions, option: string): Matcher {
  if (match !== undefined && path === undefined)
    return { matches: match, routed: (request) => ({ ...request, parameters: {} }) };
  if (match !== undefined) throw new TypeError(`${option} has both path and match.`);
  if (typeof path !== "string" || !path.startsWith("/")) throw new TypeError(`${option}.path has to start with "/".`);
  const { pattern, names } = patternOf(path, option);
  return {
    matches: ({ url }) => pattern.test(pathOf(url)),
    routed(request) {
      const values = pattern.exec(pathOf(request.url)) ?? [];
      const parameters = Object.fromEntries(names.map((name, index) => [name, decoded(values[index + 1] ?? "")]));
      return { ...request, parameters };
    },
  };
}

function patternOf(path: string, option: string): { pattern: RegExp; names: string[] } {
  const star = path.indexOf("*");
  if (star !== -1 && (star !== path.length - 1 || path[star - 1] !== "/"))
    throw new TypeError(`${option}.path may have a "*" only as its last segment: ${JSON.stringify(path)}`);
  const names: string[] = [];
  const segments = path.split("/").map((segment) => {
    if (segment === "*") return ".*";
    if (!segment.startsWith(":")) return segment.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    names.push(segment.slice(1));
    return "([^/]+)";
  });
  return { pattern: new RegExp(`^${segments.join("/")}$`, "s"), names };
}

/** As it is where it is not well encoded. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseMethods(methods: readonly string[], option: string): readonly string[] {
  for (const method of methods)
    if (method !== "GET" && method !== "HEAD")
      throw new TypeError(`${option}.methods has ${JSON.stringify(method)}: only GET and HEAD can be cached.`);
  return methods;
}

/** Headers with as many values as clients, or with a way of their own. */
const betterWays: Record<string, string> = {
  "accept-encoding": "bodies are compressed for each client anyhow",
  "accept-language": "use vary.languages",
  cookie: "use vary.cookies",
  host: "use hosts",
  range: "requests with it are left to the handler",
};

/** Headers that make a response somebody's own, or not the page. */
const neverForwarded = new Set([
  "authorization",
  "cookie",
  "host",
  "range",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
]);

function parseForward(names: readonly string[], option: string): string[] {
  const forward = names.map((name) => name.toLowerCase());
  const wrong = forward.find((name) => neverForwarded.has(name) || betterWays[name] !== undefined);
  if (wrong !== undefined)
    throw new TypeError(
      `${option}.forward has ${JSON.stringify(wrong)}, which pages for everybody must not depend on.`,
    );
  return forward;
}

function parseVary({ vary = {} }: RouteOptions, option: string) {
  const varyHeaders = [...new Set((vary.headers ?? []).map((name) => name.toLowerCase()))].sort();
  for (const name of varyHeaders)
    if (betterWays[name] !== undefined)
      throw new TypeError(`${option}.vary.headers has ${JSON.stringify(name)}: ${betterWays[name]}.`);
  const query = vary.query ?? "all";
  if (query !== "all" && query !== "none" && !Array.isArray(query))
    throw new TypeError(`${option}.vary.query is no list of names, "all" or "none".`);
  return {
    varyHeaders,
    languages: vary.languages ?? [],
    query: query === "all" ? ("all" as const) : new Set(query === "none" ? [] : query),
    cookies: [...new Set(vary.cookies ?? [])].sort(),
  };
}

function tagsOf(tags: RouteOptions["tags"], option: string): (request: RoutedRequest) => readonly string[] {
  if (typeof tags === "function") return tags;
  if (tags !== undefined && !Array.isArray(tags)) throw new TypeError(`${option}.tags is no list.`);
  return () => tags ?? [];
}

function oneOf<T extends string>(value: T, allowed: readonly T[], option: string): T {
  if (allowed.includes(value)) return value;
  throw new TypeError(`${option} is ${JSON.stringify(value)}: use ${allowed.map((each) => `"${each}"`).join(" or ")}.`);
}
