/**
 * Assignments end with what they are about: who may use a cache does not get the next one of that name. They are looked through when a
 * cache or a group is gone, and at the start, as the controller may have died in between.
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
} from "../documents/document-keys.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";
import type { RoleAssignmentDocument } from "../documents/role-document.ts";
import type { Store } from "../store/store.ts";
import { parseScope } from "./resource-scope.ts";
import type { RoleIndex } from "./role-index.ts";
import type { Roles } from "./roles.ts";

/** Types whose resources are looked for, where they are, and what tells one from the next of its name. */
const kinds: Record<
  string,
  { key(name: string): string; identity(document: unknown): string; group(document: unknown): string }
> = {
  "microsoft.cache/redis": {
    key: cacheKey,
    identity: (document) => (document as CacheDocument).cacheId,
    group: (document) => (document as CacheDocument).resourceGroup,
  },
  // A cluster has nothing of that kind: it is gone for long enough to be seen.
  "microsoft.cache/redisenterprise": {
    key: clusterKey,
    identity: (document) => (document as ClusterDocument).name,
    group: (document) => (document as ClusterDocument).resourceGroup,
  },
};

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
  const document = (await store.get(kind.key(resource.name)))?.value;
  if (document === undefined || kind.group(document).toLowerCase() !== group.toLowerCase())
    throw new LarderError("ResourceNotFound", `There is no '${resource.name}' in the group '${group}'.`);
  return { resourceId: kind.identity(document) };
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
    for (const prefix of [cachesPrefix, clustersPrefix, groupsPrefix]) void this.#follow(prefix, revision);
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
