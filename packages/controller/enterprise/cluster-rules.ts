/**
 * What a cluster of `Microsoft.Cache/redisEnterprise` may be: (what there is, what is asked) → its document, or a refusal that
 * names the property. Pure.
 */
import {
  type ClusterAsked,
  type ClusterCreateBody,
  type EnterpriseSku,
  enterpriseSize,
  enterpriseSizeGb,
  LarderError,
  type MaintenanceWindow,
  skuText,
} from "@larder/api";
import { locationLabel } from "../documents/cache-document.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";

type ClusterPlace = Pick<ClusterDocument, "clusterId" | "subscription" | "resourceGroup" | "name">;

export function newCluster(place: ClusterPlace, asked: ClusterCreateBody): ClusterDocument {
  const { location, sku, tags, zones, identity, properties } = asked;
  requireTls(asked);
  requireHostLabel(location);
  return {
    clusterId: place.clusterId,
    subscription: place.subscription,
    resourceGroup: place.resourceGroup,
    name: place.name,
    location,
    tags: tags ?? {},
    sku,
    zones: zones ?? [],
    identity: identity ?? { type: "None" },
    highAvailability: properties?.highAvailability ?? "Enabled",
    minimumTlsVersion: "1.2",
    publicNetworkAccess: properties?.publicNetworkAccess ?? null,
    maintenanceWindows: windowsOf(asked) ?? [],
    removal: null,
  };
}

/** What is left out stays. */
export function changedCluster(cluster: ClusterDocument, asked: ClusterAsked): ClusterDocument {
  const { sku = cluster.sku, tags, zones, identity, properties } = asked;
  requireTls(asked);
  requireMove(cluster.sku, sku);
  const highAvailability = properties?.highAvailability ?? cluster.highAvailability;
  if (highAvailability === "Disabled" && cluster.highAvailability === "Enabled")
    throw invalid("properties.highAvailability", "cannot be turned off once it is on");
  // No zones at all are none that were asked for.
  if (zones?.length && zones.join() !== cluster.zones.join())
    throw invalid("zones", "can only be said when the cluster is created");
  return {
    ...cluster,
    sku,
    tags: tags ?? cluster.tags,
    identity: identity ?? cluster.identity,
    highAvailability,
    publicNetworkAccess: properties?.publicNetworkAccess ?? cluster.publicNetworkAccess,
    maintenanceWindows: windowsOf(asked) ?? cluster.maintenanceWindows,
  };
}

function windowsOf({ properties }: ClusterAsked): MaintenanceWindow[] | undefined {
  return properties?.maintenanceConfiguration?.maintenanceWindows;
}

function requireMove(from: EnterpriseSku, to: EnterpriseSku): void {
  const isV1 = (sku: EnterpriseSku) => enterpriseSize(sku.name)?.kind === "v1";
  const refuse = (message: string) => {
    throw new LarderError("SkuNotSupported", message, { target: "sku.name" });
  };
  if (isV1(from) !== isV1(to)) refuse(`A cluster cannot change from ${skuText(from)} to ${skuText(to)}.`);
  if (isV1(from) && (enterpriseSizeGb(to) ?? 0) < (enterpriseSizeGb(from) ?? 0))
    refuse(`${skuText(from)} only scales up and out, and ${skuText(to)} is smaller.`);
}

function requireTls({ properties }: ClusterAsked): void {
  const version = properties?.minimumTlsVersion ?? "1.2";
  if (version === "1.2") return;
  const target = "properties.minimumTlsVersion";
  const text = `TLS ${version} is not secure any more: Larder speaks 1.2 and later. Ask for 1.2.`;
  throw new LarderError("OperationNotSupported", text, { target });
}

/** It becomes a part of host names, and of the certificate that all of them share: one bad name there spoils it for everybody. */
function requireHostLabel(location: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(locationLabel(location))) return;
  throw invalid(
    "location",
    "must have letters or digits, at most 63, as it is a part of host names, and no hyphen at an end",
  );
}

function invalid(target: string, message: string): LarderError {
  return new LarderError("InvalidParameter", `'${target}' ${message}.`, { target });
}
