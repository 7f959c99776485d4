/** Where `Microsoft.Authorization` can stand: behind a subscription, a group, a resource, or a resource of a resource. */
import type { Context } from "hono";
import { rootScope } from "../authorization/requested-access.ts";
import type { ApiEnvironment } from "./api-context.ts";

const subscription = "/subscriptions/:subscription";
const group = `${subscription}/resourcegroups/:group`;
const resource = `${group}/providers/:namespace/:type/:resource`;
const extension = "/providers/microsoft.authorization";

export const rolePaths = [subscription, group, resource, `${resource}/:childtype/:child`].map(
  (scope) => `${scope}${extension}`,
);

/** Nothing is assigned there, but the roles that are built in are of it. */
export const rootRolePath = extension;

/** That for which the caller has leave, in their casing. */
export function roleScope(context: Context<ApiEnvironment>): string {
  return context.get("requested")?.shownScope ?? rootScope;
}
