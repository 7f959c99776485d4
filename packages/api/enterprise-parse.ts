/**
 * Untrusted bodies of PUT and PATCH on `Microsoft.Cache/redisEnterprise` → `ClusterCreateBody`, `ClusterAsked`,
 * `DatabaseAsked`. As lenient, and as strict, as those of `Microsoft.Cache/redis` (redis-parse.ts).
 */
import { z } from "zod";
import { choice, parseBody, wholeNumber } from "./body-values.ts";
import {
  type ClusterAsked,
  type ClusterCreateBody,
  clusteringPolicies,
  type DatabaseAsked,
  evictionPolicies,
  type RdbFrequency,
  rdbFrequencies,
} from "./enterprise-resource.ts";
import { enterpriseSize, isEnterpriseCapacity, isFlash } from "./enterprise-skus.ts";
import { knowsPublicNetworkAccess } from "./enterprise-versions.ts";
import { LarderError } from "./errors.ts";
import { maintenanceConfiguration } from "./maintenance-windows.ts";
import { larderSettings, zonesSchema } from "./redis-parse.ts";
import { tagsSchema } from "./tags-parse.ts";

const onOff = choice(["Enabled", "Disabled"]);
const flag = z.union(
  [z.boolean(), choice(["true", "false"]).transform((text) => text === "true")],
  "must be true or false",
);

const cluster = z.object({
  sku: z.object({ name: z.string("must be a string"), capacity: wholeNumber.optional() }, "is required"),
  zones: zonesSchema.optional(),
  identity: z
    .object({
      type: z.string("must be a string"),
      userAssignedIdentities: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  tags: tagsSchema.optional(),
  properties: z
    .object({
      highAvailability: onOff.optional(),
      minimumTlsVersion: choice(["1.0", "1.1", "1.2"]).optional(),
      publicNetworkAccess: onOff.optional(),
      maintenanceConfiguration: maintenanceConfiguration.optional(),
      larder: larderSettings.pick({ acceptEviction: true }).optional(),
    })
    .optional(),
});
const newCluster = cluster.extend({
  location: z.string("is required").regex(/^[\w .-]{1,64}$/, "must be the name of a location"),
});

const database = z.object({
  properties: z
    .object(
      {
        clientProtocol: choice(["Encrypted", "Plaintext"]).optional(),
        port: wholeNumber.pipe(z.int().min(1).max(65_535, "must be a port")).optional(),
        clusteringPolicy: choice(clusteringPolicies).optional(),
        evictionPolicy: choice(Object.values(evictionPolicies)).optional(),
        persistence: z
          .object(
            {
              aofEnabled: flag.optional(),
              rdbEnabled: flag.optional(),
              aofFrequency: choice(["1s", "always"]).optional(),
              rdbFrequency: choice(Object.keys(rdbFrequencies) as RdbFrequency[]).optional(),
            },
            "must be an object",
          )
          .optional(),
        deferUpgrade: choice(["Deferred", "NotDeferred"]).optional(),
        accessKeysAuthentication: onOff.optional(),
        notifyKeyspaceEvents: z
          .string("must be a string")
          .regex(/^$|[KE]/, "must have K or E, or be empty")
          .regex(/^[A-Za-z$]*$/, "may only have the letters of the engine's notification classes")
          .optional(),
        larder: larderSettings.optional(),
      },
      "must be an object",
    )
    .optional(),
});

/** Throws InvalidRequestBody, InvalidParameter, SkuNotSupported or OperationNotSupported, each with its target. */
export function parseClusterCreate(body: unknown, version: string): ClusterCreateBody {
  const asked = withKnownSku(parseBody(newCluster, body, refuseOnCluster) as ClusterCreateBody);
  if (knowsPublicNetworkAccess(version) && asked.properties?.publicNetworkAccess === undefined)
    throw invalid("properties.publicNetworkAccess", `is required by api-version ${version}: Enabled or Disabled`);
  return asked as ClusterCreateBody;
}

/** Throws as `parseClusterCreate`. */
export function parseClusterUpdate(body: unknown): ClusterAsked {
  return withKnownSku(parseBody(cluster.partial(), body, refuseOnCluster) as ClusterAsked);
}

/** Throws as `parseClusterCreate`. A database may be asked for with nothing said of it. */
export function parseDatabase(body: unknown): DatabaseAsked {
  const { properties } = parseBody(database, body ?? {}, refuseOnDatabase) as { properties?: DatabaseAsked };
  return properties ?? {};
}

/** In the service's casing, with a `capacity` where there is to be one. */
function withKnownSku(asked: ClusterAsked): ClusterAsked {
  if (asked.sku === undefined) return asked;
  const { name, capacity } = asked.sku;
  const size = enterpriseSize(name);
  if (size === undefined) throw skuProblem(`There is no SKU '${name}'. Balanced_B0 is the smallest.`, "sku.name");
  if (isFlash(size.tier))
    throw skuProblem(`'${size.name}' keeps values on flash storage, which Larder does not have.`, "sku.name");
  if (size.kind === "v2" && capacity !== undefined)
    throw skuProblem(`'${size.name}' has no capacity: leave 'sku.capacity' out.`, "sku.capacity");
  if (size.kind === "v2") return { ...asked, sku: { name: size.name } };
  if (capacity !== undefined && !isEnterpriseCapacity(capacity))
    throw skuProblem(`'${size.name}' has a capacity of 2, 4, 6 and so on, not ${capacity}.`, "sku.capacity");
  return { ...asked, sku: { name: size.name, capacity: capacity ?? 2 } };
}

function refuseOnCluster(body: Record<string, unknown>): void {
  const { encryption } = propertiesOf(body);
  const identity = String((body.identity as { type?: unknown } | undefined)?.type ?? "None");
  if (/SystemAssigned/i.test(identity))
    throw notBuilt("identity.type", "asks for an identity that the service makes, which Larder does not have");
  if ((encryption as { customerManagedKeyEncryption?: object } | undefined)?.customerManagedKeyEncryption === undefined)
    return;
  if (Object.keys((encryption as { customerManagedKeyEncryption: object }).customerManagedKeyEncryption).length > 0)
    throw notBuilt("properties.encryption", "asks for encryption with a key of your own, which Larder does not have");
}

function refuseOnDatabase(body: Record<string, unknown>): void {
  const { modules, geoReplication } = propertiesOf(body);
  if (Array.isArray(modules) && modules.length > 0)
    throw notBuilt("properties.modules", "asks for modules, which the engines of Larder do not have");
  if (typeof geoReplication === "object" && geoReplication !== null && Object.keys(geoReplication).length > 0)
    throw notBuilt("properties.geoReplication", "asks for geo-replication, which Larder does not have yet");
}

function propertiesOf({ properties }: Record<string, unknown>): Record<string, unknown> {
  return typeof properties === "object" && properties !== null ? (properties as Record<string, unknown>) : {};
}

function notBuilt(target: string, what: string): LarderError {
  return new LarderError("OperationNotSupported", `'${target}' ${what}.`, { target });
}

function invalid(target: string, message: string): LarderError {
  return new LarderError("InvalidParameter", `'${target}' ${message}.`, { target });
}

function skuProblem(message: string, target: string): LarderError {
  return new LarderError("SkuNotSupported", message, { target });
}
