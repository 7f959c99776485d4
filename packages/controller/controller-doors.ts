/** The controller's doors for whoever is not on its own socket: agents of other machines, and those who manage the service. */
import { join } from "node:path";
import { defaultAudiences } from "./authorization/audiences.ts";
import { ManagementAccess } from "./authorization/management-access.ts";
import type { ControllerOptions } from "./controller-options.ts";
import type { ControllerParts } from "./controller-parts.ts";
import type { ServiceDocument } from "./documents/service-document.ts";
import { HostCertificates } from "./hosts/host-certificates.ts";
import { JoinTokens } from "./hosts/join-tokens.ts";
import type { ApiContext, Joining } from "./http/api-context.ts";
import { ApiServer } from "./http/api-server.ts";
import { EmbeddedIdentity } from "./identity/embedded-identity.ts";
import { AgentDoor } from "./internal/agent-door.ts";
import type { InternalServer } from "./internal/internal-server.ts";
import type { Lifetime } from "./lifetime.ts";
import { ensureDoorPki } from "./pki/pki-directory.ts";
import { keepRenewing } from "./pki/renewal.ts";
import type { ServiceCertificates } from "./pki/service-certificates.ts";
import { endpointHostOf, urlHostOf } from "./reachable-host.ts";
import { secretKeepers } from "./store/secret-keepers.ts";
import { SecretsRotation } from "./store/secrets-rotation.ts";
import type { SqliteStore } from "./store/sqlite-store.ts";

export interface DoorsOptions extends ControllerOptions {
  store: SqliteStore;
  parts: ControllerParts;
  certificates: ServiceCertificates;
  service: ServiceDocument;
  /** The administrator's bearer token. */
  adminToken: string;
  /** What is opened ends with it. */
  life: Lifetime;
}

/** null where nobody is to come in. */
export async function openAgentDoor(options: DoorsOptions, internal: InternalServer): Promise<Joining | null> {
  const { dataDirectory, agentHost, agentPort, store, life, clock, randomness, log } = options;
  const { hosts } = options.parts;
  if (agentHost === undefined) return null;
  const ensure = () => ensureDoorPki({ directory: join(dataDirectory, "pki"), clock, randomness });
  const { authority, door: pair } = await ensure();
  const certificates = new HostCertificates({ authority, hosts, clock, randomness });
  const tokens = new JoinTokens({ store, hosts, certificates, clock, randomness });
  const answer = (request: Request) => internal.answer(request);
  const at = { host: agentHost, port: agentPort };
  const door = new AgentDoor({ ...at, door: pair, hosts, certificates, tokens, answer, clock, log });
  await life.run(door);
  void keepRenewing({
    current: pair,
    ensure: async () => (await ensure()).door,
    onRenewed: (renewed) => door.useCertificate(renewed),
    clock,
    log,
    signal: life.signal,
  });
  return { tokens, connectionCount: () => door.connectionCount, url: `https://${urlHostOf(agentHost)}:${door.port}` };
}

/** The management API, and the identity provider where there is one, whose tokens count once it listens. */
export async function openManagement(options: DoorsOptions, joining: Joining | null): Promise<ApiServer> {
  const { parts, certificates, life } = options;
  const { served } = certificates;
  const access = makeAccess(options);
  const identity = makeIdentity(options, { access, apiPort: () => server.port });
  await life.run(access);
  const api = contextOf(options, { access, identity, joining });
  const server: ApiServer = new ApiServer({
    host: options.host,
    port: options.apiPort,
    certificates: served.pairs,
    api,
  });
  await life.run(server);
  if (identity !== null) {
    await life.run(identity);
    access.issuers.add(identity.issuerFor("api"));
    parts.tokens.issuers.add(identity.issuerFor("redis"));
  }
  served.onChanged = (pairs) => server.useCertificates(pairs);
  void certificates.keepRenewing({ signal: life.signal, onRenewed: (pair) => void identity?.useCertificate(pair) });
  return server;
}

/** null where principals are another's. `apiPort`: once the API listens. */
function makeIdentity(
  options: DoorsOptions,
  { access, apiPort }: { access: ManagementAccess; apiPort(): number },
): EmbeddedIdentity | null {
  const { identityPort: port, host, store, service, certificates, clock, randomness, log } = options;
  if (port === undefined) return null;
  return new EmbeddedIdentity({
    host,
    port,
    publicHost: endpointHostOf(host),
    certificate: certificates.builtIn,
    tenant: service.tenant,
    apiAudiences: () => audiencesOf(options, apiPort()),
    noteSignIn: (record) => access.audit.noteSignIn(record),
    store,
    clock,
    randomness,
    log,
  });
}

function makeAccess(options: DoorsOptions): ManagementAccess {
  const { dataDirectory, store, service, adminToken, apiIssuers, apiPort, clock, randomness, log } = options;
  return new ManagementAccess({
    store,
    subscription: service.subscription,
    administratorToken: adminToken,
    directory: dataDirectory,
    issuers: apiIssuers,
    audiences: audiencesOf(options, apiPort),
    clock,
    randomness,
    log,
  });
}

function audiencesOf({ apiAudiences, host, domain }: ControllerOptions, port: number): readonly string[] {
  return apiAudiences.length > 0 ? apiAudiences : defaultAudiences({ host, domain, port });
}

interface ContextParts {
  access: ManagementAccess;
  identity: EmbeddedIdentity | null;
  joining: Joining | null;
}

function contextOf(options: DoorsOptions, { access, identity, joining }: ContextParts): ApiContext {
  const { parts, store, keys, service, certificates, host, domain, tlsPort, clock, randomness, log } = options;
  const { callers, authorization, roles, roleIndex, audit } = access;
  return {
    ...parts,
    store,
    clock,
    randomness,
    log,
    secrets: new SecretsRotation({ keys, store, keepers: () => secretKeepers(parts), clock, log }),
    issuerSamples: () => [...parts.tokens.samples, ...access.samples],
    joining,
    identity,
    subscription: service.subscription,
    tenant: service.tenant,
    token: options.adminToken,
    callers,
    authorization,
    roles,
    roleIndex,
    audit,
    domain,
    endpointHost: certificates.served.hasPublic ? null : endpointHostOf(host),
    certificates: certificates.served,
    tlsPort,
  };
}
