/**
 * The actions that roles allow on Microsoft.Cache, as `GET /providers/Microsoft.Cache/operations` lists them. The one table: what a
 * request needs is derived from its method and path, and has to stand here.
 */
const reads = (resource: string) => [`${resource}/read`];
const writes = (resource: string) => [`${resource}/read`, `${resource}/write`, `${resource}/delete`];
const actions = (resource: string, ...names: string[]) => names.map((name) => `${resource}/${name}/action`);

/** Asked for beside the operation of the path, as it is about another resource: http/private-endpoints.ts. */
const approval = "privateEndpointConnectionsApproval";

/** Without the namespace before them. */
export const cacheOperations: readonly string[] = [
  "register/action",
  "unregister/action",
  "checknameavailability/action",
  "operations/read",
  "skus/read",
  "locations/asyncOperations/read",
  "locations/operationresults/read",
  ...writes("redis"),
  ...actions("redis", "listKeys", "regenerateKey", "forceReboot", "flush", "import", "export"),
  ...actions("redis", approval),
  ...reads("redis/listUpgradeNotifications"),
  ...writes("redis/patchSchedules"),
  ...writes("redis/firewallRules"),
  ...writes("redis/privateEndpointConnections"),
  ...reads("redis/privateLinkResources"),
  ...writes("redis/linkedServers"),
  ...writes("redis/accessPolicies"),
  ...writes("redis/accessPolicyAssignments"),
  ...actions("redis", "switchover", "migrate", "reverse", "compare"),
  ...reads("redis/events"),
  ...reads("redis/updates"),
  ...actions("redis/updates", "start", "pause", "resume"),
  ...reads("redis/transfers"),
  ...actions("redis/transfers", "cancel", "pause", "resume", "cutover"),
  ...writes("redis/backupPolicies"),
  ...reads("redis/backups"),
  "redis/backups/action",
  "redis/backups/delete",
  ...actions("redis/backups", "restore", "verify"),
  "redisBackups/action",
  ...reads("locations/operationsStatus"),
  ...writes("redisEnterprise"),
  ...actions("redisEnterprise", "listSkusForScaling", approval),
  ...reads("redisEnterprise/operationresults"),
  ...writes("redisEnterprise/privateEndpointConnections"),
  ...reads("redisEnterprise/privateLinkResources"),
  ...writes("redisEnterprise/databases"),
  ...actions("redisEnterprise/databases", "listKeys", "regenerateKey", "import", "export", "flush"),
  ...actions("redisEnterprise/databases", "forceUnlink", "forceLinkToReplicationGroup", "upgradeDBRedisVersion"),
  ...writes("redisEnterprise/databases/accessPolicyAssignments"),
];

const verbs: Record<string, string> = { read: "Read", write: "Set", delete: "Delete", action: "Do" };

/** As clients read it. */
export function cacheOperationBody(name: string) {
  const parts = name.split("/");
  const [resource, operation] = [parts.slice(0, -1).join("/"), parts.at(-1) ?? ""];
  const description = `${verbs[operation] ?? operation} '${resource === "" ? name : resource}'`;
  return {
    name: `Microsoft.Cache/${name}`,
    isDataAction: false,
    display: { provider: "Microsoft.Cache", resource, operation, description },
  };
}
