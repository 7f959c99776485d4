/**
 * How oidc-provider is set up: Entra's paths and claims, resources that are named in scopes, the service's own principals, and
 * nothing that nobody needs here.
 */
import type { Randomness } from "@larder/service";
import type { JWK } from "jose";
import { type ClientMetadata, firstPartyClient } from "./first-party-clients.ts";
import { identityLimits } from "./identity-limits.ts";
import type { OidcContext, OidcLibrary } from "./oidc-library.ts";
import { devicePath, signInPath } from "./page-paths.ts";
import { devicePages } from "./pages/device-pages.ts";
import { renderError } from "./pages/error-page.ts";
import { isStillSignedIn, type Principals } from "./principals.ts";
import type { SignInArtifacts } from "./sign-in-artifacts.ts";
import { signingAlgorithm } from "./signing-keys.ts";
import { principalClaims, signedInClaims } from "./token-claims.ts";
import {
  audienceOf,
  everyIndicator,
  isKnownResource,
  resourceIndicator,
  resourceOfScope,
  scopesOf,
  type TokenResources,
} from "./token-resources.ts";

/** What people sign in for, whatever they ask for: who they are, and to be asked again only when it has been long. */
const identityScopes = ["openid", "profile", "offline_access"];

export interface ProviderParts {
  library: OidcLibrary;
  tenant: string;
  resources: TokenResources;
  principals: Principals;
  artifacts: SignInArtifacts;
  /** Private, the one that signs first. */
  keys: JWK[];
  /** Counts a code that a person typed and that is none. */
  onWrongCode(context: OidcContext): void;
  randomness: Randomness;
}

export function pathsOf(tenant: string) {
  return {
    authorization: `/${tenant}/oauth2/v2.0/authorize`,
    token: `/${tenant}/oauth2/v2.0/token`,
    device_authorization: `/${tenant}/oauth2/v2.0/devicecode`,
    jwks: `/${tenant}/discovery/v2.0/keys`,
    end_session: `/${tenant}/oauth2/v2.0/logout`,
    code_verification: devicePath,
  };
}

export function providerOptions(parts: ProviderParts): Record<string, unknown> {
  const { principals, artifacts, tenant, keys } = parts;
  return {
    adapter: (kind: string) => (kind === "Client" ? clientAdapter(parts) : artifacts.adapter(kind)),
    jwks: { keys },
    routes: pathsOf(tenant),
    scopes: [...identityScopes, "email"],
    claims: { openid: ["sub", "oid", "tid", "ver"], profile: ["name", "preferred_username"] },
    conformIdTokenClaims: false,
    responseTypes: ["code"],
    subjectTypes: ["public"],
    clientAuthMethods: ["client_secret_post", "client_secret_basic", "none"],
    pkce: { required: () => true },
    clientBasedCORS: () => false,
    cookies: { names: { session: "larder_session", interaction: "larder_signin", resume: "larder_resume" } },
    ttl: lifetimes,
    expiresWithSession: () => false,
    issueRefreshToken: (_: OidcContext, client: { grantTypeAllowed(type: string): boolean }) =>
      client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: () => true,
    findAccount: (context: OidcContext, objectId: string, source?: { authTime?: number }) =>
      findAccount({ principals, tenant }, objectId, source?.authTime ?? context.oidc.session?.loginTs),
    loadExistingGrant: (context: OidcContext) => grantAll(context),
    extraTokenClaims: (_: OidcContext, token: { clientId: string; accountId?: string }) =>
      principalClaims(token, { principals, tenant }),
    formats: {
      customizers: { jwt: (_context: unknown, _token: unknown, parts: TokenParts) => asEntraWritesIt(parts) },
    },
    interactions: { url: (_: OidcContext, { uid }: { uid: string }) => `${signInPath}/${uid}` },
    renderError,
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true, ...devicePages({ principals, onWrongCode: parts.onWrongCode }) },
      resourceIndicators: {
        enabled: true,
        defaultResource: (context: OidcContext, _client: unknown, granted?: string[]) =>
          granted === undefined ? askedResources(context, parts) : grantedResource(context, granted),
        getResourceServerInfo: (_: OidcContext, indicator: string) => resourceServer(indicator, parts),
      },
    },
  };
}

const lifetimes = {
  AccessToken: identityLimits.accessTokenSeconds,
  ClientCredentials: identityLimits.accessTokenSeconds,
  IdToken: identityLimits.idTokenSeconds,
  RefreshToken: identityLimits.refreshTokenSeconds,
  AuthorizationCode: identityLimits.authorizationCodeSeconds,
  DeviceCode: identityLimits.deviceCodeSeconds,
  Interaction: identityLimits.interactionSeconds,
  Grant: identityLimits.grantSeconds,
  Session: (_: OidcContext, { accountId }: { accountId?: string }) =>
    accountId === undefined ? identityLimits.interactionSeconds : identityLimits.sessionSeconds,
};

/** Applications and the programs that everybody knows. The library wants a secret of an application; compared is the hash. */
function clientAdapter({ principals, randomness }: ProviderParts) {
  const secretOfNobody = randomness.bytes(32).toString("base64url");
  return {
    async find(clientId: string): Promise<ClientMetadata | undefined> {
      const application = principals.findApplication(clientId);
      if (application === undefined) return firstPartyClient(clientId);
      return {
        client_id: application.applicationId,
        client_name: application.displayName,
        application_type: "web",
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: "client_secret_post",
        client_secret: secretOfNobody,
      };
    },
  };
}

/** undefined: there is no such user any more, or his password is another since he signed in. */
function findAccount(
  { principals, tenant }: { principals: Principals; tenant: string },
  objectId: string,
  signedInSeconds: number | undefined,
) {
  const user = principals.find(objectId);
  if (user?.kind !== "user" || !isStillSignedIn(user, signedInSeconds)) return undefined;
  return { accountId: user.objectId, claims: () => signedInClaims(user, tenant) };
}

/** Who signs in may ask for tokens for everything that there is: what he may do there, his roles say. */
async function grantAll({ oidc }: OidcContext) {
  const { Account: account } = oidc.entities;
  if (account === undefined || oidc.client === undefined) return undefined;
  const grant = new oidc.provider.Grant({ accountId: account.accountId, clientId: oidc.client.clientId });
  grant.addOIDCScope(identityScopes.join(" "));
  for (const indicator of Object.keys(oidc.resourceServers))
    grant.addResourceScope(indicator, scopesOf(indicator).join(" "));
  await grant.save();
  return grant;
}

/** At the start of a sign-in: all that there is, what was asked for first. For an application: what it asked for. */
function askedResources(context: OidcContext, parts: ProviderParts): string | string[] {
  const { params, route } = context.oidc;
  const scope = textOf(params["scope"]);
  const resource = resourceOfScope(scope);
  if (route === "token") {
    if (resource === undefined) throw invalidScope(parts);
    return resourceIndicator(resource);
  }
  const first = resource === undefined ? [] : [resourceIndicator(resource)];
  const indicators = [...new Set([...first, ...everyIndicator(parts.resources)])];
  const scopes = new Set([...(scope ?? "").split(" "), ...identityScopes, ...indicators.flatMap(scopesOf)]);
  params["scope"] = [...scopes].filter((word) => word !== "").join(" ");
  return indicators;
}

/** For a token of a sign-in that is granted: what is named now, else what was named first. */
function grantedResource({ oidc }: OidcContext, granted: string[]): string | undefined {
  const resource = resourceOfScope(textOf(oidc.body?.["scope"]));
  const asked = resource === undefined ? undefined : resourceIndicator(resource);
  return asked ?? granted[0];
}

function resourceServer(indicator: string, parts: ProviderParts) {
  const audience = audienceOf(indicator);
  if (!isKnownResource(audience, parts.resources)) throw invalidResource(parts, audience);
  return {
    audience,
    scope: scopesOf(indicator).join(" "),
    accessTokenTTL: identityLimits.accessTokenSeconds,
    accessTokenFormat: "jwt",
    jwt: { sign: { alg: signingAlgorithm } },
  };
}

interface TokenParts {
  payload: Record<string, unknown>;
}

/** Of an application's token the subject is its object id, too. */
function asEntraWritesIt({ payload }: TokenParts): void {
  payload["sub"] = payload["oid"];
  payload["nbf"] = payload["iat"];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function invalidScope({ library, resources }: ProviderParts): Error {
  const example = `${resources.api[0]}/.default`;
  return new library.errors.CustomOIDCProviderError(
    "invalid_scope",
    `The scope has to name a resource, for example ${example} or https://redis.azure.com/.default.`,
  );
}

function invalidResource({ library, resources }: ProviderParts, resource: string): Error {
  const known = [...resources.api, ...resources.redis].join(", ");
  const text = `No tokens are made here for ${JSON.stringify(resource.slice(0, 200))}; there are ${known}.`;
  return new library.errors.CustomOIDCProviderError("invalid_resource", text);
}
