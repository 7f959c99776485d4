/** The part of the management client that is about roles. Errors are those of its calls. */
import type { RestCalls } from "./rest-calls.ts";
import {
  type RoleAssignmentBody,
  type RoleAssignmentResource,
  type RoleDefinitionBody,
  type RoleDefinitionResource,
  roleApiVersion,
} from "./role-resource.ts";

export class RolesClient {
  readonly #calls: RestCalls;

  constructor(calls: RestCalls) {
    this.#calls = calls;
  }

  /** The roles that there are; with `scope`, those that can be assigned on it or in it. */
  definitions(scope = this.#subscription): Promise<RoleDefinitionResource[]> {
    return this.#calls.list(`${scope}/${extension}/roleDefinitions`, roleApiVersion);
  }

  define(name: string, properties: RoleDefinitionBody): Promise<RoleDefinitionResource> {
    return this.#calls.json(this.#put(`${this.#subscription}/${extension}/roleDefinitions/${name}`, properties));
  }

  /** Who has which role on the scope, above it and in it. */
  assignments(scope = this.#subscription): Promise<RoleAssignmentResource[]> {
    return this.#calls.list(`${scope}/${extension}/roleAssignments`, roleApiVersion);
  }

  assign(scope: string, name: string, properties: RoleAssignmentBody): Promise<RoleAssignmentResource> {
    return this.#calls.json(this.#put(`${scope}/${extension}/roleAssignments/${name}`, properties));
  }

  /** A definition or an assignment, by its id. */
  async remove(id: string): Promise<void> {
    await (await this.#calls.call(id, { method: "DELETE", apiVersion: roleApiVersion })).arrayBuffer();
  }

  get #subscription(): string {
    return `/subscriptions/${this.#calls.subscription}`;
  }

  #put(path: string, properties: object): Promise<Response> {
    return this.#calls.call(path, { method: "PUT", apiVersion: roleApiVersion, body: { properties } });
  }
}

const extension = "providers/Microsoft.Authorization";
