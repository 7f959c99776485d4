/** The part of the management client that is about who may use a cache's data. Errors are those of its calls. */
import type { AccessAssignmentBody, AccessAssignmentResource, AccessPolicyResource } from "./access-resource.ts";
import type { CacheAddress, RestCalls } from "./rest-calls.ts";

export class AccessClient {
  readonly #calls: RestCalls;

  constructor(calls: RestCalls) {
    this.#calls = calls;
  }

  /** The built-in ones first. */
  listPolicies(at: CacheAddress): Promise<AccessPolicyResource[]> {
    return this.#calls.list(this.#path(at, "accessPolicies"));
  }

  getPolicy(at: CacheAddress, name: string): Promise<AccessPolicyResource> {
    return this.#calls.json(this.#calls.call(this.#path(at, "accessPolicies", name)));
  }

  /** Creates or replaces, and waits until it is in force. */
  async putPolicy(at: CacheAddress, name: string, permissions: string): Promise<AccessPolicyResource> {
    await this.#put(this.#path(at, "accessPolicies", name), { permissions });
    return this.getPolicy(at, name);
  }

  /** Returns whether there was such a policy. */
  deletePolicy(at: CacheAddress, name: string): Promise<boolean> {
    return this.#delete(this.#path(at, "accessPolicies", name));
  }

  listAssignments(at: CacheAddress): Promise<AccessAssignmentResource[]> {
    return this.#calls.list(this.#path(at, "accessPolicyAssignments"));
  }

  getAssignment(at: CacheAddress, name: string): Promise<AccessAssignmentResource> {
    return this.#calls.json(this.#calls.call(this.#path(at, "accessPolicyAssignments", name)));
  }

  /** Creates or replaces, and waits until it is in force. */
  async putAssignment(at: CacheAddress, name: string, body: AccessAssignmentBody): Promise<AccessAssignmentResource> {
    await this.#put(this.#path(at, "accessPolicyAssignments", name), body);
    return this.getAssignment(at, name);
  }

  /** Returns whether there was such an assignment. */
  deleteAssignment(at: CacheAddress, name: string): Promise<boolean> {
    return this.#delete(this.#path(at, "accessPolicyAssignments", name));
  }

  async #put(path: string, properties: object): Promise<void> {
    await this.#calls.finish(await this.#calls.call(path, { method: "PUT", body: { properties } }));
  }

  async #delete(path: string): Promise<boolean> {
    const response = await this.#calls.call(path, { method: "DELETE" });
    await this.#calls.finish(response);
    return response.status !== 204;
  }

  #path(at: CacheAddress, collection: string, name?: string): string {
    const all = `${this.#calls.cachePath(at)}/${collection}`;
    return name === undefined ? all : `${all}/${encodeURIComponent(name)}`;
  }
}
