/** Which namespaces there are, with their types and versions: what tools read before they create anything. */
import { enterpriseApiVersions } from "@larder/api";
import { redisApiVersions } from "./api-versions.ts";

export interface ResourceType {
  resourceType: string;
  apiVersions: readonly string[];
  /** Resources of it are somewhere; others belong to the subscription, or to another resource. */
  hasLocation: boolean;
}

const managementVersions = ["2025-04-01", "2024-07-01", "2022-09-01", "2021-04-01", "2020-06-01", "2019-10-01"];
const networkVersions = ["2024-05-01", "2023-11-01", "2022-07-01", "2021-08-01"];
const redisVersions = redisApiVersions.toReversed();

const enterpriseVersions = enterpriseApiVersions.toReversed();

const enterpriseTypes = [
  "RedisEnterprise",
  "RedisEnterprise/databases",
  "RedisEnterprise/databases/accessPolicyAssignments",
  "RedisEnterprise/privateEndpointConnections",
  "RedisEnterprise/privateLinkResources",
  "locations/operationsStatus",
];

const redisTypes = [
  "Redis",
  "Redis/accessPolicies",
  "Redis/accessPolicyAssignments",
  "Redis/firewallRules",
  "Redis/linkedServers",
  "Redis/patchSchedules",
  "Redis/privateEndpointConnections",
  "Redis/privateLinkResources",
  "checkNameAvailability",
  "locations",
  "locations/asyncOperations",
  "locations/operationResults",
  "operations",
];

export const namespaces: Readonly<Record<string, readonly ResourceType[]>> = {
  "Microsoft.Cache": [
    ...redisTypes.map((resourceType) => cacheType(resourceType, redisVersions)),
    ...enterpriseTypes.map((resourceType) => cacheType(resourceType, enterpriseVersions)),
  ],
  "Microsoft.Network": [{ resourceType: "privateEndpoints", apiVersions: networkVersions, hasLocation: true }],
  "Microsoft.Resources": ["resourceGroups", "resources", "subscriptions", "tags", "tenants", "providers"].map(
    (resourceType) => ({
      resourceType,
      apiVersions: managementVersions,
      hasLocation: resourceType === "resourceGroups",
    }),
  ),
};

function cacheType(resourceType: string, apiVersions: readonly string[]): ResourceType {
  return { resourceType, apiVersions, hasLocation: resourceType.startsWith("Redis") };
}

/**
 * What Terraform's provider for Azure registers unless it is told not to. All say that they are registered, so that nothing is left
 * to do; there is nothing in them.
 */
export const emptyNamespaces: readonly string[] = [
  "Microsoft.ApiManagement",
  "Microsoft.AppConfiguration",
  "Microsoft.AppPlatform",
  "Microsoft.Authorization",
  "Microsoft.Automation",
  "Microsoft.AVS",
  "Microsoft.Blueprint",
  "Microsoft.BotService",
  "Microsoft.Cdn",
  "Microsoft.CognitiveServices",
  "Microsoft.Compute",
  "Microsoft.ContainerInstance",
  "Microsoft.ContainerRegistry",
  "Microsoft.ContainerService",
  "Microsoft.CostManagement",
  "Microsoft.CustomProviders",
  "Microsoft.Databricks",
  "Microsoft.DataFactory",
  "Microsoft.DataLakeAnalytics",
  "Microsoft.DataLakeStore",
  "Microsoft.DataMigration",
  "Microsoft.DataProtection",
  "Microsoft.DBforMariaDB",
  "Microsoft.DBforMySQL",
  "Microsoft.DBforPostgreSQL",
  "Microsoft.DesktopVirtualization",
  "Microsoft.Devices",
  "Microsoft.DevTestLab",
  "Microsoft.DocumentDB",
  "Microsoft.EventGrid",
  "Microsoft.EventHub",
  "Microsoft.GuestConfiguration",
  "Microsoft.HDInsight",
  "Microsoft.HealthcareApis",
  "Microsoft.Insights",
  "Microsoft.KeyVault",
  "Microsoft.Kusto",
  "Microsoft.Logic",
  "Microsoft.MachineLearningServices",
  "Microsoft.Maintenance",
  "Microsoft.ManagedIdentity",
  "Microsoft.ManagedServices",
  "Microsoft.Management",
  "Microsoft.Maps",
  "Microsoft.MarketplaceOrdering",
  "Microsoft.Media",
  "Microsoft.MixedReality",
  "Microsoft.NotificationHubs",
  "Microsoft.OperationalInsights",
  "Microsoft.OperationsManagement",
  "Microsoft.PolicyInsights",
  "Microsoft.PowerBIDedicated",
  "Microsoft.RecoveryServices",
  "Microsoft.Relay",
  "Microsoft.Search",
  "Microsoft.Security",
  "Microsoft.SecurityInsights",
  "Microsoft.ServiceBus",
  "Microsoft.ServiceFabric",
  "Microsoft.SignalRService",
  "Microsoft.Sql",
  "Microsoft.Storage",
  "Microsoft.StorageCache",
  "Microsoft.StreamAnalytics",
  "Microsoft.Web",
];
