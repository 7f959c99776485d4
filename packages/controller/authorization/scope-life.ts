/**
 * Assignments end with what they are about: who may use a cache does not get the next one of that name. They are looked through when a
 * resource or a group is gone or another, and at the start, as the controller may have died in between.
 */
import { errorTable, LarderError } from "@larder/api";
import type { Log } from "@larder/service";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cachesPrefix, clustersPrefix, groupsPrefix, privateEndpointsPrefix } from "../documents/document-keys.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";
import type { GroupDocument } from "../documents/group-document.ts";
import type { PrivateEndpointDocument } from "../documents/private-endpoint-document.ts";
import type { RoleAssignmentDocument } from "../documents/role-document.ts";
import type { Store, StoreChange, StoredDocument } from "../store/store.ts";
import type { RoleIndex } from "./role-index.ts";
import type { Roles } from "./roles.ts";
import { findScope } from "./scope-resource.ts";

type Identity = (document: unknown) => string | undefined;

/** What is followed, with what tells a document there from the next one under its key. */
const followed: Record<string, Identity> = {
  [cachesPrefix]: (document) => (document as CacheDocument).cacheId,
  [clustersPrefix]: (document) => (document as ClusterDocument).clusterId,
  [privateEndpointsPrefix]: (document) => (document as PrivateEndpointDocument).cacheConnectionName,
  [groupsPrefix]: (document) => (document as GroupDocument).groupId,
};

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
    const { store } = this.#options;
    const listings = await Promise.all(Object.keys(followed).map((prefix) => store.list(prefix)));
    await this.#removeOrphans();
    for (const [index, [prefix, identity]] of Object.entries(followed).entries()) {
      const { revision = 0, documents = [] } = listings[index] ?? {};
      void this.#follow(prefix, revision, newcomers(documents, identity));
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
  }

  async #follow(prefix: string, fromRevision: number, isOther: (change: StoreChange) => boolean): Promise<void> {
    const { store, log } = this.#options;
    for await (const changes of store.watch(prefix, fromRevision, this.#stopping.signal))
      if (changes.map(isOther).includes(true))
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
      const found = await findScope(this.#options.store, this.#options.subscription, scope);
      return resourceId !== null && found.resourceId !== resourceId;
    } catch (error) {
      if (error instanceof LarderError && errorTable[error.code].status < 500) return true;
      throw error;
    }
  }
}

/** Tells of each change whether its document is gone or another one. What is made again at once may be heard of only once it is back. */
function newcomers(documents: readonly StoredDocument[], identity: Identity): (change: StoreChange) => boolean {
  const last = new Map(documents.map(({ key, value }) => [key, identity(value)]));
  return ({ key, value }) => {
    const before = last.get(key);
    const now = value === undefined ? undefined : identity(value);
    if (value === undefined) last.delete(key);
    else last.set(key, now);
    return value === undefined || before !== now;
  };
}
