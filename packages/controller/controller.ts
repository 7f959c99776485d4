/**
 * The controller: the only writer of the truth. It keeps the store, answers the management API, tells agents and
 * gateways what to do, and reconciles caches with what they report.
 *
 *   start   store → certificates, token, subscription → reconciler → internal socket → agents' door → API
 *   stop    the same backwards
 *
 * The reconciler starts before the socket listens, so that no agent is ever told of fewer nodes than there are.
 */
import { accessSync, constants, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { LarderError } from "@larder/api";
import type { Clock, Log, Randomness, SecretKeys } from "@larder/service";
import { AccessCommands } from "./access/access-commands.ts";
import { ensureAdminToken } from "./admin-token.ts";
import { defaultAudiences } from "./authorization/audiences.ts";
import { ManagementAccess } from "./authorization/management-access.ts";
import { BackupKeeper } from "./backups/backup-keeper.ts";
import { Backups } from "./backups/backups.ts";
import { StorageAsker } from "./backups/storage-asker.ts";
import { AdmissionLock } from "./caches/admission-lock.ts";
import { CacheActions } from "./caches/cache-actions.ts";
import { Caches } from "./caches/caches.ts";
import { ResourceGroups } from "./caches/resource-groups.ts";
import { locationLabel } from "./documents/cache-document.ts";
import { clustersPrefix } from "./documents/document-keys.ts";
import type { ClusterDocument } from "./documents/enterprise-document.ts";
import { completeDocuments } from "./documents/older-documents.ts";
import { ensureServiceDocument } from "./documents/service-document.ts";
import { ClusterRemover } from "./enterprise/cluster-remover.ts";
import { Clusters } from "./enterprise/clusters.ts";
import { Databases } from "./enterprise/databases.ts";
import { HostCertificates } from "./hosts/host-certificates.ts";
import { Hosts } from "./hosts/hosts.ts";
import { JoinTokens } from "./hosts/join-tokens.ts";
import type { Joining } from "./http/api-context.ts";
import { ApiServer } from "./http/api-server.ts";
import { EmbeddedIdentity } from "./identity/embedded-identity.ts";
import { AgentDoor } from "./internal/agent-door.ts";
import { InternalServer } from "./internal/internal-server.ts";
import { networkOfSubnet } from "./network/known-networks.ts";
import { PrivateEndpoints } from "./network/private-endpoints.ts";
import { Announcer } from "./notices/announcer.ts";
import { Orders } from "./orders/orders.ts";
import type { CertificateSource } from "./pki/certificate-source.ts";
import type { IssuedPair } from "./pki/issue.ts";
import { ensureDoorPki, ensurePki, type PkiFiles } from "./pki/pki-directory.ts";
import { keepRenewing } from "./pki/renewal.ts";
import { ServedCertificates } from "./pki/served-certificates.ts";
import { serverNames } from "./pki/server-names.ts";
import { GroupRemover } from "./reconcile/group-remover.ts";
import { Observations } from "./reconcile/observations.ts";
import { keepPruning } from "./reconcile/pruning.ts";
import { Published } from "./reconcile/published.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import { SecretsRotation } from "./store/secrets-rotation.ts";
import { SqliteStore } from "./store/sqlite-store.ts";
import type { Store } from "./store/store.ts";
import { DataTokens } from "./tokens/data-tokens.ts";
import { Transfers } from "./transfers/transfers.ts";

export interface ControllerOptions {
  dataDirectory: string;
  keys: SecretKeys;
  socketPath: string;
  host: string;
  apiPort: number;
  /** Of the embedded identity provider; undefined: there is none. */
  identityPort: number | undefined;
  /** Where agents of other machines come in; nowhere where it is undefined. */
  agentHost: string | undefined;
  agentPort: number;
  tlsPort: number;
  portBase: number;
  domain: string;
  /** Of the certificate that clients elsewhere see, and authorities that it may need besides the usual ones. */
  certificateSource: CertificateSource;
  certificateCaPath: string | undefined;
  /** OpenID Connect issuers whose tokens the API takes. */
  apiIssuers: readonly string[];
  /** None: the API's own addresses and Azure's. */
  apiAudiences: readonly string[];
  /** Whose tokens clients of caches log in with, and for which audiences; none of these: Azure's. */
  tokenIssuers: readonly string[];
  tokenAudiences: readonly string[];
  operationTimeoutMs: number;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class Controller {
  readonly #options: ControllerOptions;
  readonly #stopping = new AbortController();
  /** What was started, in order. */
  readonly #started: { stop(): Promise<void> }[] = [];
  /** Of clusters, as parts of host names. */
  readonly #locations = new Set<string>();
  #api: ApiServer | undefined;
  #certificates: ServedCertificates | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** Throws DataDirectoryUnusable, StoreUnusable or PortInUse; what had started by then is stopped again. */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const part of this.#started.splice(0).reverse()) await part.stop();
  }

  get apiPort(): number {
    return this.#api?.port ?? this.#options.apiPort;
  }

  async #start(): Promise<void> {
    const { dataDirectory, keys, clock, randomness, log, domain, host, socketPath } = this.#options;
    ensureDirectory(dataDirectory);
    const store = SqliteStore.open(join(dataDirectory, "store.db"), keys.open());
    this.#started.push({ stop: () => store.close() });
    await completeDocuments(store);
    for (const { value } of (await store.list<ClusterDocument>(clustersPrefix)).documents)
      this.#locations.add(locationLabel(value.location));
    const builtIn = (await this.#ensurePki()).server;
    const certificates = await this.#openCertificates(builtIn);
    const token = ensureAdminToken(join(dataDirectory, "admin-token"), randomness);
    const service = await ensureServiceDocument(store, randomness);

    const base = { store, clock, randomness, log };
    const admission = new AdmissionLock();
    const observations = new Observations(clock);
    const { tokenIssuers: issuers, tokenAudiences: audiences } = this.#options;
    const tokens = new DataTokens({ ...base, issuers, audiences, publish: () => published.refresh() });
    await tokens.open();
    const published: Published = new Published(store, domain, () => tokens.issuers.published());
    const orders = new Orders(base);
    const { apiPort, tlsPort, identityPort, portBase, operationTimeoutMs } = this.#options;
    const portsReserved = [apiPort, tlsPort, ...(identityPort === undefined ? [] : [identityPort])];
    const agentReports = () => observations.agentReports();
    const hosts = new Hosts(base);
    await hosts.start();
    const caches = new Caches({ ...base, admission, portBase, portsReserved, operationTimeoutMs, agentReports, hosts });
    const announcer = new Announcer({ ...base, observations, published, orders });
    const actions = new CacheActions({ ...base, caches, observations, orders });
    const access = new AccessCommands({ ...base, admission, caches, actions, orders });
    const transfers = new Transfers({ ...base, caches, observations, hosts });
    const networkOf = (subnetId: string) => networkOfSubnet(subnetId, observations.gateways.connectedReports());
    const privateEndpoints = new PrivateEndpoints({ ...base, caches, actions, networkOf });
    const removeEndpoints = (resourceGroup: string) => privateEndpoints.removeAllOf(resourceGroup);
    const removeCache = (name: string) => caches.removeByName(name);

    const parts = { observations, published, admission, orders, hosts, announcer };
    const reconciler = new Reconciler({ ...base, ...parts, portsReserved });
    await this.#run(reconciler);
    const coverLocation = (location: string) => this.#coverLocation(location);
    const clusters = new Clusters({ ...base, caches, coverLocation });
    const databases = new Databases({ clusters, caches });
    const removeCluster = (name: string) => clusters.removeByName(name);
    await this.#run(new GroupRemover({ ...base, removeCache, removeCluster, removeEndpoints }));
    await this.#run(new ClusterRemover({ ...base, removeCache }));
    await this.#run(tokens);
    const storage = new StorageAsker({ orders, observations });
    const keeper = new BackupKeeper({ ...base, transfers, storage });
    await this.#run(keeper);
    const backups = new Backups({ ...base, caches, transfers, keeper, storage });
    void keepPruning(store, { clock, log, signal: this.#stopping.signal });
    const internal = new InternalServer({ socketPath, observations, published, orders, hosts, tokens, clock });
    await this.#run(internal);
    const joining = await this.#openDoor(store, hosts, internal);
    const identity = this.#makeIdentity({ store, tenant: service.tenant, certificate: builtIn });
    const endpointHost = certificates.hasPublic ? null : endpointHostOf(host);
    const management = await this.#openManagement(store, service.subscription);
    const { callers, authorization, roles, roleIndex, audit } = management;
    const groups = new ResourceGroups(base);
    const api = {
      ...base,
      admission,
      caches,
      actions,
      access,
      clusters,
      databases,
      transfers,
      backups,
      groups,
      privateEndpoints,
      secrets: new SecretsRotation({ keys, store, log }),
      hosts,
      joining,
      identity,
      observations,
      orders,
      published,
      reconciler,
      subscription: service.subscription,
      tenant: service.tenant,
      token,
      callers,
      authorization,
      roles,
      roleIndex,
      audit,
      domain,
      endpointHost,
      certificates,
      tlsPort,
    };
    const server = new ApiServer({ host, port: apiPort, certificates: certificates.pairs, api });
    this.#api = server;
    await this.#run(server);
    if (identity !== null) {
      await this.#run(identity);
      management.issuers.add(identity.issuerFor("api"));
      tokens.issuers.add(identity.issuerFor("redis"));
    }
    certificates.onChanged = (pairs) => server.useCertificates(pairs);
    void keepRenewing({
      current: builtIn,
      ensure: async () => (await this.#ensurePki()).server,
      onRenewed: (pair) => {
        certificates.renewed(pair);
        void identity?.useCertificate(pair);
      },
      clock,
      log,
      signal: this.#stopping.signal,
    });
  }

  async #openCertificates(builtIn: IssuedPair): Promise<ServedCertificates> {
    const { dataDirectory, certificateSource: source, certificateCaPath: caPath, ...options } = this.#options;
    const certificates = new ServedCertificates({
      ...options,
      source,
      caPath,
      builtIn,
      directory: join(dataDirectory, "pki"),
      locations: () => [...this.#locations],
    });
    await this.#run(certificates);
    this.#certificates = certificates;
    return certificates;
  }

  /** null where principals are another's. */
  #makeIdentity(parts: { store: Store; tenant: string; certificate: IssuedPair }): EmbeddedIdentity | null {
    const { identityPort: port, host, clock, randomness, log } = this.#options;
    if (port === undefined) return null;
    const publicHost = endpointHostOf(host);
    const apiAudiences = () => this.#apiAudiences();
    return new EmbeddedIdentity({ ...parts, host, port, publicHost, apiAudiences, clock, randomness, log });
  }

  #apiAudiences(): readonly string[] {
    const { apiAudiences, host, domain } = this.#options;
    return apiAudiences.length > 0 ? apiAudiences : defaultAudiences({ host, domain, port: this.apiPort });
  }

  async #openManagement(store: Store, subscription: string): Promise<ManagementAccess> {
    const { dataDirectory, apiIssuers, clock, randomness, log } = this.#options;
    const access = new ManagementAccess({
      store,
      subscription,
      administratorToken: ensureAdminToken(join(dataDirectory, "admin-token"), randomness),
      directory: dataDirectory,
      issuers: apiIssuers,
      audiences: this.#apiAudiences(),
      clock,
      randomness,
      log,
    });
    await this.#run(access);
    return access;
  }

  /** null where nobody is to come in. */
  async #openDoor(store: Store, hosts: Hosts, internal: InternalServer): Promise<Joining | null> {
    const { dataDirectory, agentHost, agentPort, clock, randomness, log } = this.#options;
    if (agentHost === undefined) return null;
    const ensure = () => ensureDoorPki({ directory: join(dataDirectory, "pki"), clock, randomness });
    const { authority, door: pair } = await ensure();
    const certificates = new HostCertificates({ authority, hosts, clock, randomness });
    const tokens = new JoinTokens({ store, hosts, certificates, clock, randomness });
    const answer = (request: Request) => internal.answer(request);
    const door = new AgentDoor({
      host: agentHost,
      port: agentPort,
      door: pair,
      hosts,
      certificates,
      tokens,
      answer,
      clock,
      log,
    });
    await this.#run(door);
    void keepRenewing({
      current: pair,
      ensure: async () => (await ensure()).door,
      onRenewed: (renewed) => door.useCertificate(renewed),
      clock,
      log,
      signal: this.#stopping.signal,
    });
    return { tokens, connectionCount: () => door.connectionCount, url: `https://${urlHostOf(agentHost)}:${door.port}` };
  }

  async #run(part: { start(): Promise<void> | void; stop(): Promise<void> }): Promise<void> {
    await part.start();
    this.#started.push(part);
  }

  /**
   * Host names of clusters' databases have the location in them, which no other name of the certificate covers. Gateways see the
   * file change; nobody calls the API by such a name.
   */
  async #coverLocation(location: string): Promise<void> {
    const label = locationLabel(location);
    if (this.#locations.has(label)) return;
    this.#locations.add(label);
    await this.#ensurePki();
    this.#certificates?.namesChanged();
  }

  #ensurePki(): Promise<PkiFiles> {
    const { dataDirectory, domain, host, clock, randomness } = this.#options;
    return ensurePki({
      directory: join(dataDirectory, "pki"),
      names: serverNames({ domain, host, locations: [...this.#locations] }),
      clock,
      randomness,
    });
  }
}

/** What other machines are told; on every address means by the machine's name. */
function urlHostOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return hostname();
  return host.includes(":") ? `[${host}]` : host;
}

function ensureDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new LarderError("DataDirectoryUnusable", `${path} cannot be used: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

/** What clients on this machine and others type to reach a cache's own ports. */
function endpointHostOf(host: string): string {
  if (host === "127.0.0.1" || host === "::1") return "localhost";
  return host === "0.0.0.0" || host === "::" ? hostname() : host;
}
