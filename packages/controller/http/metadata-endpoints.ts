/** `GET /metadata/endpoints`, open to everybody: how clients with configurable clouds learn where things are. */
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { callerBase } from "./request-path.ts";

export function metadataEndpoints(app: Hono<ApiEnvironment>, { domain, identity, tenant }: ApiContext): void {
  app.get("/metadata/endpoints", (context) => {
    const base = callerBase(context);
    return context.json({
      name: "Larder",
      portal: base,
      resourceManager: `${base}/`,
      authentication: {
        loginEndpoint: `${identity?.origin ?? base}/`,
        audiences: [`${base}/`],
        tenant,
        identityProvider: "AAD",
      },
      media: base,
      graph: base,
      graphAudience: base,
      suffixes: { redisCache: domain },
      larder: { issuer: identity?.issuer ?? null },
    });
  });
}
