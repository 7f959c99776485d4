/** What Azure Resource Manager has for the resources of all providers: where they are, who may do what with them, what was done. */
import type { Hono } from "hono";
import { activityLog } from "./activity-log.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { deploymentRoutes } from "./deployments.ts";
import { groupRoutes } from "./group-routes.ts";
import { nameAvailability } from "./name-availability.ts";
import { operations } from "./operations.ts";
import { permissions } from "./permissions.ts";
import { providerRoutes } from "./providers.ts";
import { resourceLists } from "./resource-list.ts";
import { roleAssignments } from "./role-assignments.ts";
import { roleDefinitions } from "./role-definitions.ts";
import { skuRoutes } from "./skus.ts";
import { subscriptions } from "./subscriptions.ts";
import { tagRoutes } from "./tags.ts";

export function resourceManagerRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const routes of [
    subscriptions,
    groupRoutes,
    resourceLists,
    tagRoutes,
    providerRoutes,
    skuRoutes,
    nameAvailability,
    operations,
    deploymentRoutes,
    roleDefinitions,
    roleAssignments,
    permissions,
    activityLog,
  ])
    routes(app, api);
}
