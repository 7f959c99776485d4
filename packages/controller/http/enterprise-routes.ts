/** Microsoft.Cache/redisEnterprise: clusters, their databases, and what those have beneath them. */
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireEnterpriseVersion } from "./api-versions.ts";
import { enterpriseActions } from "./enterprise-actions.ts";
import { enterpriseAssignments } from "./enterprise-assignments.ts";
import { enterpriseClusters } from "./enterprise-clusters.ts";
import { enterpriseDatabases } from "./enterprise-databases.ts";
import { enterpriseKeys } from "./enterprise-keys.ts";
import { clustersInGroup, clustersInSubscription } from "./enterprise-paths.ts";
import { enterprisePrivateLink } from "./enterprise-private-link.ts";
import { enterpriseUnbuilt } from "./enterprise-unbuilt.ts";

export function enterpriseRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const path of [clustersInSubscription, clustersInGroup, `${clustersInGroup}/*`])
    app.use(path, requireEnterpriseVersion);
  for (const routes of [
    enterpriseClusters,
    enterpriseDatabases,
    enterpriseKeys,
    enterpriseActions,
    enterpriseAssignments,
    enterprisePrivateLink,
    enterpriseUnbuilt,
  ])
    routes(app, api);
}
