/** The part of the management client that is about who may use a cache's data. Errors are those of its calls. */
import type { AccessAssignmentBody, AccessAssignmentResource, AccessPolicyResource } from "./access-resource.ts";
import type { DatabaseAssignmentResource } from "./enterprise-assignment.ts";
import type { CacheAddress, RestCalls } from "./rest-calls.ts";

/** Of a cache of either provider. */
export type AnyAssignment = AccessAssignmentResource | DatabaseAssignmentResource;

/** That of a database names an ACL string, or nothing: it may do everything then. */
export type AnyAssignmentBody = AccessAssignmentBody | { user: { objectId: string }; accessString?: string };

export class AccessClient {
  readonly #calls: RestCalls;

  constructor(calls: RestCalls) {
    this.#calls = calls;
  }

  /** The built-in ones first. */
  listPolicies(at: CacheAddress): Promise<AccessPolicyResource[]> {
    return this.#calls.listOnCache(at, policies);
  }

  getPolicy(at: CacheAddress, name: string): Promise<AccessPolicyResource> {
    return this.#calls.json(this.#calls.onCache(at, childPath(policies, name)));
  }

  /** Creates or replaces, and waits until it is in force. */
  async putPolicy(at: CacheAddress, name: string, permissions: string): Promise<AccessPolicyResource> {
    await this.#put(at, childPath(policies, name), { permissions });
    return this.getPolicy(at, name);
  }

  /** Returns whether there was such a policy. */
  deletePolicy(at: CacheAddress, name: string): Promise<boolean> {
    return this.#delete(at, childPath(policies, name));
  }

  listAssignments(at: CacheAddress): Promise<AnyAssignment[]> {
    return this.#calls.listOnCache(at, assignments);
  }

  getAssignment(at: CacheAddress, name: string): Promise<AnyAssignment> {
    return this.#calls.json(this.#calls.onCache(at, childPath(assignments, name)));
  }

  /** Creates or replaces, and waits until it is in force. */
  async putAssignment(at: CacheAddress, name: string, body: AnyAssignmentBody): Promise<AnyAssignment> {
    await this.#put(at, childPath(assignments, name), body);
    return this.getAssignment(at, name);
  }

  /** Returns whether there was such an assignment. */
  deleteAssignment(at: CacheAddress, name: string): Promise<boolean> {
    return this.#delete(at, childPath(assignments, name));
  }

  async #put(at: CacheAddress, path: string, properties: object): Promise<void> {
    await this.#calls.finish(await this.#calls.onCache(at, path, { method: "PUT", body: { properties } }));
  }

  async #delete(at: CacheAddress, path: string): Promise<boolean> {
    const response = await this.#calls.onCache(at, path, { method: "DELETE" });
    await this.#calls.finish(response);
    return response.status !== 204;
  }
}

const policies = "/accessPolicies";
const assignments = "/accessPolicyAssignments";

function childPath(collection: string, name: string): string {
  return `${collection}/${encodeURIComponent(name)}`;
}
