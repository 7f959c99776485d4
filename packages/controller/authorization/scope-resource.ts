/** Which resource a scope names, and what tells that from the next one of its name: who may use a cache does not get the next. */
import { databaseName, isSameName, LarderError } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cacheKey, clusterKey, groupKey, privateEndpointKey } from "../documents/document-keys.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";
import type { GroupDocument } from "../documents/group-document.ts";
import type { PrivateEndpointDocument } from "../documents/private-endpoint-document.ts";
import { namespaces } from "../http/resource-types.ts";
import type { Store } from "../store/store.ts";
import { type ParsedScope, parseScope } from "./resource-scope.ts";

/** Where the resource of a type is, and what tells it from the next of its name; undefined: the document is of another type. */
interface Kind {
  key(at: { resourceGroup: string; name: string }): string;
  identity(document: unknown): string | undefined;
}

const databaseKind: Kind = {
  key: ({ name }) => cacheKey(name),
  identity(document) {
    const { provider, cacheId } = document as CacheDocument;
    return provider === "enterprise" ? cacheId : undefined;
  },
};

/** Types whose resources are looked for: all that there are. */
const kinds: Record<string, Kind> = {
  "microsoft.cache/redis": {
    key: ({ name }) => cacheKey(name),
    identity(document) {
      const { provider, cacheId } = document as CacheDocument;
      return provider === "redis" ? cacheId : undefined;
    },
  },
  "microsoft.cache/redisenterprise": {
    key: ({ name }) => clusterKey(name),
    identity: (document) => (document as ClusterDocument).clusterId,
  },
  "microsoft.network/privateendpoints": {
    key: privateEndpointKey,
    identity: (document) => (document as PrivateEndpointDocument).cacheConnectionName,
  },
};

const knownTypes = new Set(
  Object.entries(namespaces).flatMap(([namespace, types]) =>
    types.map(({ resourceType }) => `${namespace}/${resourceType}`.toLowerCase()),
  ),
);

/**
 * `resourceId`: of the resource that the scope is or is in, or of the group that it is; null where that has none. A database is a
 * resource of its own; what else is below a resource belongs to it. Throws where there is no such scope.
 */
export async function findScope(
  store: Store,
  subscription: string,
  scope: string,
): Promise<{ resourceId: string | null }> {
  const parsed = parseScope(scope);
  if (parsed === undefined)
    throw new LarderError("InvalidParameter", "Roles are assigned on a subscription, a resource group or a resource.", {
      target: "scope",
    });
  if (parsed.subscription.toLowerCase() !== subscription)
    throw new LarderError("SubscriptionNotFound", `The subscription '${parsed.subscription}' could not be found.`);
  const { group, resource } = parsed;
  if (group === null) return { resourceId: null };
  const inGroup = await store.get<GroupDocument>(groupKey(group));
  if (inGroup === undefined)
    throw new LarderError("ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
  if (resource === null) return { resourceId: inGroup.value.groupId ?? null };
  const kind = kindOf(resource);
  const stored = await store.get<{ resourceGroup: string }>(kind.key({ resourceGroup: group, name: resource.name }));
  const isThere = stored?.value.resourceGroup.toLowerCase() === group.toLowerCase();
  const resourceId = isThere ? kind.identity(stored.value) : undefined;
  if (resourceId !== undefined) return { resourceId };
  throw new LarderError("ResourceNotFound", `There is no '${resource.name}' in the group '${group}'.`);
}

/** Throws InvalidParameter where there are no resources of the type, and ResourceNotFound for another database than the only one. */
function kindOf({ type, name, children }: NonNullable<ParsedScope["resource"]>): Kind {
  const whole = [type, ...children.map((child) => child.type)].join("/");
  const kind = kinds[type];
  if (kind === undefined || !knownTypes.has(whole))
    throw new LarderError("InvalidParameter", `This service has no resources of the type '${whole}'.`, {
      target: "scope",
    });
  const [child] = children;
  if (child?.type !== "databases") return kind;
  if (isSameName(child.name, databaseName)) return databaseKind;
  throw new LarderError("ResourceNotFound", `The cluster '${name}' has no database '${child.name}'.`);
}
