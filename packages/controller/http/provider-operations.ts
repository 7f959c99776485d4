/**
 * The actions that roles allow on Microsoft.Cache, as `GET /providers/Microsoft.Cache/operations` lists them. The one table: what a
 * request needs is derived from its method and path, and has to stand here.
 */
const reads = (resource: string) => [`${resource}/read`];
const writes = (resource: string) => [`${resource}/read`, `${resource}/write`, `${resource}/delete`];
const actions = (resource: string, ...names: string[]) => names.map((name) => `${resource}/${name}/action`);

/** Asked for beside the operation of the path, as it is about another resource: http/private-endpoints.ts. */
const approval = "privateEndpointConnectionsApproval";

/** What is done with a cache and its data, whichever type it is of. */
const ofCaches = (resource: string) => [
  ...actions(resource, "listKeys", "regenerateKey", "forceReboot", "flush", "import", "export"),
  ...actions(resource, "switchover", "migrate", "reverse", "compare"),
  ...writes(`${resource}/accessPolicyAssignments`),
  ...reads(`${resource}/events`),
  ...reads(`${resource}/updates`),
  ...actions(`${resource}/updates`, "start", "pause", "resume"),
  ...reads(`${resource}/transfers`),
  ...actions(`${resource}/transfers`, "cancel", "pause", "resume", "cutover"),
  ...writes(`${resource}/backupPolicies`),
  ...reads(`${resource}/backups`),
  `${resource}/backups/action`,
  `${resource}/backups/delete`,
  ...actions(`${resource}/backups`, "restore", "verify"),
];

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
  ...ofCaches("redis"),
  ...actions("redis", approval),
  ...reads("redis/listUpgradeNotifications"),
  ...writes("redis/patchSchedules"),
  ...writes("redis/firewallRules"),
  ...writes("redis/privateEndpointConnections"),
  ...reads("redis/privateLinkResources"),
  ...writes("redis/linkedServers"),
  ...writes("redis/accessPolicies"),
  "redisBackups/action",
  ...reads("locations/operationsStatus"),
  ...writes("redisEnterprise"),
  ...actions("redisEnterprise", "listSkusForScaling", approval),
  ...reads("redisEnterprise/operationresults"),
  ...writes("redisEnterprise/privateEndpointConnections"),
  ...reads("redisEnterprise/privateLinkResources"),
  ...writes("redisEnterprise/databases"),
  ...ofCaches("redisEnterprise/databases"),
  ...actions("redisEnterprise/databases", "forceUnlink", "forceLinkToReplicationGroup", "upgradeDBRedisVersion"),
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
