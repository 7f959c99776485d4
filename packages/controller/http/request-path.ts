/**
 * Paths of Azure Resource Manager match without regard to case, while names in them keep the caller's casing. Routes are
 * therefore written and matched in lower case, and names are read from the path as it came.
 */
import type { Context } from "hono";
import { routePath } from "hono/route";

/** In the caller's casing. Azure's clients put a slash before an id that begins with one: several count as one. */
export function pathOf(request: Pick<Request, "url">): string {
  return new URL(request.url).pathname.replaceAll(/\/{2,}/g, "/");
}

/** Path for the router. */
export function routingPath(request: Request): string {
  const path = pathOf(request).toLowerCase();
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}

/** What stands in the path where the route has `:name`, decoded, in the caller's casing. */
export function pathValue(context: Context, name: string): string {
  const index = routePath(context).split("/").indexOf(`:${name.toLowerCase()}`);
  const raw = pathOf(context.req).split("/")[index] ?? "";
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

/** Scheme and authority under which the caller reached the service: what it polls must be reachable the same way. */
export function callerBase(context: Context): string {
  const host = context.req.header("host");
  return host !== undefined && /^[\w.:[\]-]+$/.test(host) ? `https://${host}` : new URL(context.req.url).origin;
}

/** The path of the call itself, as it can be called again. */
export function ownUrl(context: Context): string {
  return `${callerBase(context)}${new URL(context.req.url).pathname}?api-version=${apiVersionOf(context)}`;
}

export function apiVersionOf(context: Context): string {
  return context.req.query("api-version") ?? "";
}
