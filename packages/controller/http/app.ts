/** The management API: which paths there are, and what every call passes before it reaches one. */
import { Hono } from "hono";
import { accessPolicies } from "./access-policies.ts";
import { accessPolicyAssignments } from "./access-policy-assignments.ts";
import { activityLog } from "./activity-log.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireEnterpriseVersion, requireRedisVersion } from "./api-versions.ts";
import { asLarderError, errorResponse } from "./arm-errors.ts";
import { armHeaders } from "./arm-headers.ts";
import { auditedCalls } from "./audit.ts";
import { bearerAuthentication } from "./authentication.ts";
import { roleAuthorization } from "./authorization.ts";
import { deploymentRoutes } from "./deployments.ts";
import { enterpriseActions } from "./enterprise-actions.ts";
import { enterpriseAssignments } from "./enterprise-assignments.ts";
import { enterpriseClusters } from "./enterprise-clusters.ts";
import { enterpriseDatabases } from "./enterprise-databases.ts";
import { enterpriseKeys } from "./enterprise-keys.ts";
import { clustersInGroup, clustersInSubscription } from "./enterprise-paths.ts";
import { enterprisePrivateLink } from "./enterprise-private-link.ts";
import { enterpriseUnbuilt } from "./enterprise-unbuilt.ts";
import { firewallRules } from "./firewall-rules.ts";
import { groupRoutes } from "./group-routes.ts";
import { headAnswers } from "./head-answers.ts";
import { health } from "./health.ts";
import { hostRoutes } from "./host-routes.ts";
import { linkedServers } from "./linked-servers.ts";
import { metadataEndpoints } from "./metadata-endpoints.ts";
import { metrics } from "./metrics.ts";
import { nameAvailability } from "./name-availability.ts";
import { operations } from "./operations.ts";
import { patchSchedules } from "./patch-schedules.ts";
import { permissions } from "./permissions.ts";
import { principalRoutes } from "./principals.ts";
import { privateEndpoints } from "./private-endpoints.ts";
import { providerRoutes } from "./providers.ts";
import { redisActions } from "./redis-actions.ts";
import { redisBackups } from "./redis-backups.ts";
import { cachesInGroup, cachesInSubscription, redisCaches } from "./redis-caches.ts";
import { redisEvents } from "./redis-events.ts";
import { redisKeys } from "./redis-keys.ts";
import { redisPrivateLink } from "./redis-private-link.ts";
import { redisTransfers } from "./redis-transfers.ts";
import { redisUpdates } from "./redis-updates.ts";
import { routingPath } from "./request-path.ts";
import { resourceLists } from "./resource-list.ts";
import { roleAssignments } from "./role-assignments.ts";
import { roleDefinitions } from "./role-definitions.ts";
import { secretsRoutes } from "./secrets.ts";
import { skuRoutes } from "./skus.ts";
import { requireSubscription, subscriptions } from "./subscriptions.ts";
import { tagRoutes } from "./tags.ts";
import { unknownPath } from "./unknown-path.ts";
import { upgradeNotifications } from "./upgrade-notifications.ts";

export function managementApi(api: ApiContext): Hono<ApiEnvironment> {
  const app = new Hono<ApiEnvironment>({ getPath: routingPath });
  app.use(armHeaders(api.randomness));
  health(app, api);
  metadataEndpoints(app, api);

  app.use(auditedCalls(api));
  app.use(bearerAuthentication(api));
  app.use(roleAuthorization(api));
  app.use("/subscriptions/*", headAnswers);
  app.use("/subscriptions/:subscription", requireSubscription(api));
  app.use("/subscriptions/:subscription/*", requireSubscription(api));
  // Before what asks for a version of the resources that these extend: they have versions of their own.
  for (const routes of [roleDefinitions, roleAssignments, permissions, activityLog]) routes(app, api);
  app.use(cachesInSubscription, requireRedisVersion);
  app.use(cachesInGroup, requireRedisVersion);
  app.use(`${cachesInGroup}/*`, requireRedisVersion);
  app.use(clustersInSubscription, requireEnterpriseVersion);
  app.use(clustersInGroup, requireEnterpriseVersion);
  app.use(`${clustersInGroup}/*`, requireEnterpriseVersion);

  for (const routes of [
    metrics,
    hostRoutes,
    secretsRoutes,
    principalRoutes,
    subscriptions,
    providerRoutes,
    groupRoutes,
    operations,
    nameAvailability,
  ])
    routes(app, api);
  for (const routes of [resourceLists, tagRoutes, skuRoutes, deploymentRoutes]) routes(app, api);
  for (const routes of [
    redisCaches,
    redisKeys,
    redisActions,
    patchSchedules,
    accessPolicies,
    accessPolicyAssignments,
    redisUpdates,
    redisEvents,
    redisTransfers,
    redisBackups,
    linkedServers,
    upgradeNotifications,
    firewallRules,
    privateEndpoints,
    redisPrivateLink,
    enterpriseClusters,
    enterpriseDatabases,
    enterpriseKeys,
    enterpriseActions,
    enterpriseAssignments,
    enterprisePrivateLink,
    enterpriseUnbuilt,
  ])
    routes(app, api);

  app.notFound((context) => unknownPath(app, context));
  app.onError((error, context) => {
    const known = asLarderError(error, context.get("requestId"));
    if (known.code === "InternalError")
      api.log.error({ requestId: context.get("requestId"), err: error }, "request failed");
    context.set("failure", known);
    return errorResponse(context, known);
  });
  return app;
}
