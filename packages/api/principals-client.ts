/** The part of the management client that is about principals. Errors are those of its calls. */
import type {
  IssuedSecret,
  PrincipalCreateBody,
  PrincipalCreated,
  PrincipalResource,
  SecretCreateBody,
} from "./principal-protocol.ts";
import type { RestCalls } from "./rest-calls.ts";

const base = "/larder/principals";

export class PrincipalsClient {
  readonly #calls: RestCalls;

  constructor(calls: RestCalls) {
    this.#calls = calls;
  }

  list(): Promise<PrincipalResource[]> {
    return this.#calls.list(base);
  }

  create(body: PrincipalCreateBody): Promise<PrincipalCreated> {
    return this.#calls.json(this.#calls.call(base, { method: "POST", body }));
  }

  async remove(objectId: string): Promise<void> {
    await (await this.#calls.call(`${base}/${objectId}`, { method: "DELETE" })).arrayBuffer();
  }

  addSecret(objectId: string, body: SecretCreateBody): Promise<IssuedSecret> {
    return this.#calls.json(this.#calls.call(`${base}/${objectId}/secrets`, { method: "POST", body }));
  }

  async setPassword(objectId: string, password: string): Promise<void> {
    const request = { method: "PUT", body: { password } };
    await (await this.#calls.call(`${base}/${objectId}/password`, request)).arrayBuffer();
  }
}
