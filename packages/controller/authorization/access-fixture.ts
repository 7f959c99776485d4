/** A controller that takes an issuer's tokens, and two people in it who may do nothing yet, for tests. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock, systemRandomness } from "@larder/service";
import type { AuditRecord } from "../audit/audit-record.ts";
import { type Answer, basicC0, ControllerFixture } from "../controller-fixture.ts";
import { IssuerFixture } from "./issuer-fixture.ts";

export const roleIds = {
  owner: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
  contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
};

const extension = "providers/Microsoft.Authorization";

export class AccessFixture {
  readonly issuer = new IssuerFixture();
  /** Other ones after `renew`, as are the group and the name of the cache, which is not made: a service for many tests. */
  ada = "";
  bob = "";
  group = "";
  shop = "";
  subscription = "";
  #fixture: ControllerFixture | undefined;

  async start(): Promise<void> {
    await this.issuer.start();
    this.#fixture = new ControllerFixture(this.options);
    await this.#fixture.start();
    this.subscription = `/subscriptions/${await this.#fixture.subscription()}`;
  }

  async stop(): Promise<void> {
    await this.#fixture?.stop();
    await this.issuer.stop();
  }

  async renew(): Promise<void> {
    const id = systemRandomness.uuid();
    this.ada = `aaaaaaaa-${id.slice(9)}`;
    this.bob = `bbbbbbbb-${id.slice(9)}`;
    this.group = `${this.subscription}/resourceGroups/group-${id.slice(0, 8)}`;
    this.shop = `${this.group}/providers/Microsoft.Cache/redis/shop-${id.slice(0, 8)}`;
    await this.call("PUT", this.group, { location: "local" });
  }

  get options() {
    return { apiIssuers: [this.issuer.issuer], apiAudiences: [this.issuer.audience] };
  }

  get controller(): ControllerFixture {
    if (this.#fixture === undefined) throw new Error("the fixture was not started");
    return this.#fixture;
  }

  /** As the administrator. */
  call(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.controller.call(method, path, body === undefined ? {} : { body });
  }

  async as(who: string, method: string, path: string, body?: unknown): Promise<Answer> {
    return this.asToken(await this.issuer.token({ oid: who, name: `name of ${who.slice(0, 4)}` }), method, path, body);
  }

  asToken(token: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}` };
    return this.controller.call(method, path, body === undefined ? { headers } : { headers, body });
  }

  async makeCache(path = this.shop): Promise<void> {
    await this.controller.ended(await this.call("PUT", path, basicC0));
  }

  /** `who` assigns it; the administrator does where nobody is named. */
  assign(principalId: string, roleId: string, scope: string, who?: string): Promise<Answer> {
    const roleDefinitionId = `${this.subscription}/${extension}/roleDefinitions/${roleId}`;
    const body = { properties: { roleDefinitionId, principalId, principalType: "User" } };
    const path = this.roles(scope, `roleAssignments/${systemRandomness.uuid()}`);
    return who === undefined ? this.call("PUT", path, body) : this.as(who, "PUT", path, body);
  }

  /** With the version of the API. */
  roles(scope: string, rest: string): string {
    return `${scope}/${extension}/${rest}?api-version=2022-04-01`;
  }

  records(file = "audit.log"): AuditRecord[] {
    const path = join(this.controller.directory, "data", file);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  }

  /** Of the call with that answer, once it has been written down. */
  async recordOf({ headers }: Answer): Promise<AuditRecord> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const found = this.records().find(({ requestId }) => requestId === headers.get("x-ms-request-id"));
      if (found !== undefined) return found;
      await systemClock.sleep(10);
    }
    throw new Error("the call was not written down");
  }
}

export function refusalOf({ status, body }: Answer): [number, string] {
  return [status, body.error?.code];
}
