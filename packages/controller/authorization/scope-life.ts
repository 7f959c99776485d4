/**
 * Assignments end with what they are about: who may use a cache does not get the next one of that name. They are looked through when a
 * resource or a group is gone, and at the start, as the controller may have died in between.
 */
import { errorTable, LarderError } from "@larder/api";
import type { Log } from "@larder/service";
import type { CacheDocument } from "../documents/cache-document.ts";
import {
  cacheKey,
  cachesPrefix,
  clusterKey,
  clustersPrefix,
  groupKey,
  groupsPrefix,
  privateEndpointKey,
  privateEndpointsPrefix,
} from "../documents/document-keys.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";
import type { PrivateEndpointDocument } from "../documents/private-endpoint-document.ts";
import type { RoleAssignmentDocument } from "../documents/role-document.ts";
import type { Store } from "../store/store.ts";
import { parseScope } from "./resource-scope.ts";
import type { RoleIndex } from "./role-index.ts";
import type { Roles } from "./roles.ts";

/** Where the resource of a type is, and what tells it from the next of its name; undefined: the document is of another type. */
interface Kind {
  key(at: { resourceGroup: string; name: string }): string;
  identity(document: unknown): string | undefined;
}

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

const followedPrefixes = [cachesPrefix, clustersPrefix, privateEndpointsPrefix, groupsPrefix];

/** `resourceId`: of the resource that the scope is or is in; null where there is none of a known type. Throws where there is no such scope. */
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
  if ((await store.get(groupKey(group))) === undefined)
    throw new LarderError("ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
  const kind = resource === null ? undefined : kinds[resource.type];
  if (resource === null || kind === undefined) return { resourceId: null };
  const stored = await store.get<{ resourceGroup: string }>(kind.key({ resourceGroup: group, name: resource.name }));
  const isThere = stored?.value.resourceGroup.toLowerCase() === group.toLowerCase();
  const resourceId = isThere ? kind.identity(stored.value) : undefined;
  if (resourceId !== undefined) return { resourceId };
  throw new LarderError("ResourceNotFound", `There is no '${resource.name}' in the group '${group}'.`);
}

export interface ScopeLifeOptions {
  store: Store;
  index: RoleIndex;
  roles: Roles;
  subscription: string;
  log: Log;
}

export class ScopeLife {
  readonly #options: ScopeLifeOptions;
  readonly #stopping = new AbortController();

  constructor(options: ScopeLifeOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { revision } = await this.#options.store.list(groupsPrefix);
    await this.#removeOrphans();
    for (const prefix of followedPrefixes) void this.#follow(prefix, revision);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
  }

  async #follow(prefix: string, fromRevision: number): Promise<void> {
    const { store, log } = this.#options;
    for await (const changes of store.watch(prefix, fromRevision, this.#stopping.signal))
      if (changes.some(({ value }) => value === undefined))
        await this.#removeOrphans().catch((error: unknown) =>
          log.warn({ err: error }, "role assignments of what is gone stay"),
        );
  }

  async #removeOrphans(): Promise<void> {
    const { index, roles } = this.#options;
    const orphans: RoleAssignmentDocument[] = [];
    for (const assignment of index.assignments) if (await this.#isOrphan(assignment)) orphans.push(assignment);
    await roles.remove(orphans);
  }

  /** Only what is known to be gone is: an error of the store tells nothing. */
  async #isOrphan({ scope, resourceId }: RoleAssignmentDocument): Promise<boolean> {
    try {
      return (await findScope(this.#options.store, this.#options.subscription, scope)).resourceId !== resourceId;
    } catch (error) {
      if (error instanceof LarderError && errorTable[error.code].status === 404) return true;
      throw error;
    }
  }
}
