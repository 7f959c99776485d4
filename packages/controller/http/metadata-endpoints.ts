/** `GET /metadata/endpoints`, open to everybody: how clients with configurable clouds learn where things are, and where to sign in. */
import { larderCliClientId } from "@larder/api";
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { callerBase } from "./request-path.ts";

/** Of Entra's issuers, and ours: the authority, then the tenant. */
const entraIssuer = /^(https:\/\/[^/]+\/)([^/]+)\/v2\.0\/?$/;

export function metadataEndpoints(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get("/metadata/endpoints", (context) => {
    const { domain, identity, callers } = api;
    const base = callerBase(context);
    const issuer = identity?.issuer ?? callers.issuer;
    const [, loginEndpoint = issuer ?? `${base}/`, tenant = api.tenant] = entraIssuer.exec(issuer ?? "") ?? [];
    return context.json({
      name: "Larder",
      portal: base,
      resourceManager: `${base}/`,
      authentication: { loginEndpoint, audiences: [`${base}/`], tenant, identityProvider: "AAD" },
      media: base,
      graph: base,
      graphAudience: base,
      suffixes: { redisCache: domain },
      // For `larder login`: the issuer, and what it is there; another issuer than the service's own does not know it.
      larder: { issuer: issuer ?? null, clientId: identity === null ? null : larderCliClientId },
    });
  });
}
