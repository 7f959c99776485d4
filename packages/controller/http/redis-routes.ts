/** Microsoft.Cache/redis: caches, and what they have beneath them. */
import type { Hono } from "hono";
import { accessPolicies } from "./access-policies.ts";
import { accessPolicyAssignments } from "./access-policy-assignments.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireRedisVersion } from "./api-versions.ts";
import { firewallRules } from "./firewall-rules.ts";
import { linkedServers } from "./linked-servers.ts";
import { patchSchedules } from "./patch-schedules.ts";
import { cachesInGroup, cachesInSubscription, redisCaches } from "./redis-caches.ts";
import { redisKeys } from "./redis-keys.ts";
import { redisPrivateLink } from "./redis-private-link.ts";
import { upgradeNotifications } from "./upgrade-notifications.ts";

export function redisRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const path of [cachesInSubscription, cachesInGroup, `${cachesInGroup}/*`]) app.use(path, requireRedisVersion);
  for (const routes of [
    redisCaches,
    redisKeys,
    patchSchedules,
    upgradeNotifications,
    accessPolicies,
    accessPolicyAssignments,
    firewallRules,
    redisPrivateLink,
    linkedServers,
  ])
    routes(app, api);
}
