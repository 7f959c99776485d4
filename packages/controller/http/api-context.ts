/** What the handlers of the management API work with. */
import type { LarderError } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import type { AccessCommands } from "../access/access-commands.ts";
import type { Audit } from "../audit/audit.ts";
import type { Authorization } from "../authorization/authorization.ts";
import type { Callers } from "../authorization/callers.ts";
import type { RequestedAccess } from "../authorization/requested-access.ts";
import type { RoleIndex } from "../authorization/role-index.ts";
import type { Roles } from "../authorization/roles.ts";
import type { Backups } from "../backups/backups.ts";
import type { AdmissionLock } from "../caches/admission-lock.ts";
import type { CacheActions } from "../caches/cache-actions.ts";
import type { Caches } from "../caches/caches.ts";
import type { ResourceGroups } from "../caches/resource-groups.ts";
import type { Clusters } from "../enterprise/clusters.ts";
import type { Databases } from "../enterprise/databases.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { JoinTokens } from "../hosts/join-tokens.ts";
import type { EmbeddedIdentity } from "../identity/embedded-identity.ts";
import type { PrivateEndpoints } from "../network/private-endpoints.ts";
import type { Orders } from "../orders/orders.ts";
import type { ServedCertificates } from "../pki/served-certificates.ts";
import type { Observations } from "../reconcile/observations.ts";
import type { Published } from "../reconcile/published.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { SecretsRotation } from "../store/secrets-rotation.ts";
import type { Store } from "../store/store.ts";
import type { Transfers } from "../transfers/transfers.ts";

/** How other machines' agents join. */
export interface Joining {
  tokens: JoinTokens;
  /** Of the door, as they reach it. */
  url: string;
  connectionCount(): number;
}

export interface ApiContext {
  store: Store;
  admission: AdmissionLock;
  caches: Caches;
  actions: CacheActions;
  access: AccessCommands;
  clusters: Clusters;
  databases: Databases;
  transfers: Transfers;
  backups: Backups;
  groups: ResourceGroups;
  privateEndpoints: PrivateEndpoints;
  secrets: SecretsRotation;
  hosts: Hosts;
  /** null: there is no door for agents of other machines. */
  joining: Joining | null;
  /** null: there is no identity provider of the service itself. */
  identity: EmbeddedIdentity | null;
  /** Of the issuers of tokens, for the metrics. */
  issuerSamples(): readonly (readonly [string, number])[];
  observations: Observations;
  orders: Orders;
  published: Published;
  reconciler: Pick<Reconciler, "waitsFor">;
  clock: Clock;
  randomness: Randomness;
  log: Log;
  subscription: string;
  tenant: string;
  /** The administrator's bearer token. */
  token: string;
  callers: Callers;
  authorization: Authorization;
  roles: Roles;
  roleIndex: RoleIndex;
  audit: Audit;
  domain: string;
  /** Where this machine's clients find a cache's own ports; null: under the cache's host name. */
  endpointHost: string | null;
  certificates: Pick<ServedCertificates, "samples">;
  tlsPort: number;
}

/** Who calls. */
export interface Caller {
  /** administrator: who holds the token of the data directory, and may do everything. principal: who has signed in. */
  kind: "administrator" | "principal";
  /** The `oid` of the token; of the administrator, nil. */
  objectId: string;
  /** For people to read: a user's name, an application's; "administrator". */
  name: string;
}

/** Values that live for one request. */
export interface RequestVariables {
  requestId: string;
  correlationId: string;
  /** What the call asks leave for; undefined: nothing can be there. */
  requested: RequestedAccess | undefined;
  /** Of a listing of which the caller may read a part: whether what has the id belongs to it. */
  mayRead: ((id: unknown) => boolean) | undefined;
  /** What the call ended with, if it failed. */
  failure: LarderError | undefined;
  /** Behind authentication only. */
  caller: Caller;
}
export type ApiEnvironment = {
  Variables: RequestVariables;
  /** `address`: where the call comes from. */
  Bindings: { address: string };
};
