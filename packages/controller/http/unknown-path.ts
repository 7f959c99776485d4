/** What is said of a path or a method that nothing answers: as Azure Resource Manager words it. */
import { LarderError } from "@larder/api";
import type { Context, Hono } from "hono";
import type { ApiEnvironment } from "./api-context.ts";
import { errorResponse } from "./arm-errors.ts";
import { apiVersionOf, routingPath } from "./request-path.ts";
import { emptyNamespaces, namespaces } from "./resource-types.ts";

const methods = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];
const known = [...Object.keys(namespaces), ...emptyNamespaces];

export function unknownPath(app: Hono<ApiEnvironment>, context: Context<ApiEnvironment>): Response {
  const { method } = context.req;
  const path = routingPath(context.req.raw);
  const allowed = methods.filter((other) => hasHandler(app, other === "HEAD" ? "GET" : other, path));
  if (allowed.length === 0) return errorResponse(context, nothingThere(context, path));
  context.header("allow", allowed.join(", "));
  if (method === "OPTIONS") return context.body(null, 204);
  const text = `'${method}' is not allowed here; ${allowed.join(", ")} would be.`;
  return errorResponse(context, new LarderError("MethodNotAllowed", text));
}

/** Middleware is registered for every method, handlers for theirs. */
function hasHandler(app: Hono<ApiEnvironment>, method: string, path: string): boolean {
  return app.router.match(method, path)[0].some(([[, route]]) => (route as { method?: string }).method === method);
}

function nothingThere(context: Context, path: string): LarderError {
  const [, namespace, ...rest] = /^.*\/providers\/([^/]+)(.*)$/.exec(path) ?? [];
  if (namespace === undefined) return new LarderError("InvalidResourceType", "There is no such resource type or path.");
  const own = known.find((one) => one.toLowerCase() === namespace);
  if (own === undefined)
    return new LarderError("InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`);
  const type = (rest[0] ?? "")
    .split("/")
    .filter((_, index) => index % 2 === 1)
    .join("/");
  return new LarderError("InvalidResourceType", noSuchType(own, type, apiVersionOf(context)));
}

function noSuchType(namespace: string, type: string, version: string): string {
  const versions = new Set((namespaces[namespace] ?? []).flatMap(({ apiVersions }) => apiVersions));
  const supported = versions.size === 0 ? "" : ` The supported api-versions are '${[...versions].join(", ")}'.`;
  return `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${version}'.${supported}`;
}
