/** The service itself: Larder's own, which Azure has no paths for, and its directory as Microsoft Graph shows one. */
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { directoryRoutes } from "./directory.ts";
import { hostRoutes } from "./host-routes.ts";
import { metrics } from "./metrics.ts";
import { principalRoutes } from "./principals.ts";
import { secretsRoutes } from "./secrets.ts";

export function serviceRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const routes of [metrics, hostRoutes, secretsRoutes, principalRoutes, directoryRoutes]) routes(app, api);
}
