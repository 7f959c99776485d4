/**
 * `GET /metadata/endpoints`, open to everybody: how clients with configurable clouds learn where things are, and where to sign in.
 *
 * Azure CLI, Azure PowerShell and the Python SDK ask with the first version, and read an older shape. To them the embedded identity
 * provider is a server of AD FS: of any other that is not Microsoft's own they ask login.microsoftonline.com first whether it is known.
 */
import { larderCliClientId } from "@larder/api";
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { apiVersionOf, callerBase } from "./request-path.ts";

/** Of Entra's issuers, and ours: the authority, then the tenant. */
const entraIssuer = /^(https:\/\/[^/]+\/)([^/]+)\/v2\.0\/?$/;

export function metadataEndpoints(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get("/metadata/endpoints", (context) => {
    const { domain, identity, callers } = api;
    const base = callerBase(context);
    const issuer = identity?.issuer ?? callers.issuer;
    const [, loginEndpoint = issuer ?? `${base}/`, tenant = api.tenant] = entraIssuer.exec(issuer ?? "") ?? [];
    if (/^(2015-|1\.0$)/.test(apiVersionOf(context)))
      return context.json(firstShape(base, identity === null ? loginEndpoint : `${loginEndpoint}adfs`));
    return context.json({
      name: "Larder",
      portal: base,
      resourceManager: `${base}/`,
      authentication: { loginEndpoint, audiences: [`${base}/`], tenant, identityProvider: "AAD" },
      media: base,
      graph: base,
      graphAudience: base,
      microsoftGraphResourceId: `${base}/`,
      suffixes: { redisCache: domain },
      // For `larder login`: the issuer, and what it is there; another issuer than the service's own does not know it.
      larder: { issuer: issuer ?? null, clientId: identity === null ? null : larderCliClientId },
    });
  });
}

function firstShape(base: string, loginEndpoint: string) {
  return {
    galleryEndpoint: `${base}/`,
    graphEndpoint: `${base}/`,
    portalEndpoint: `${base}/`,
    authentication: { loginEndpoint, audiences: [`${base}/`] },
  };
}
