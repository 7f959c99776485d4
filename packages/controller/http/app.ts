/** The management API: what every call passes before it reaches a path, and whose paths there are. */
import { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { asLarderError, errorResponse } from "./arm-errors.ts";
import { armHeaders } from "./arm-headers.ts";
import { auditedCalls } from "./audit.ts";
import { bearerAuthentication } from "./authentication.ts";
import { roleAuthorization } from "./authorization.ts";
import { cacheRoutes } from "./cache-routes.ts";
import { enterpriseRoutes } from "./enterprise-routes.ts";
import { headAnswers } from "./head-answers.ts";
import { health } from "./health.ts";
import { metadataEndpoints } from "./metadata-endpoints.ts";
import { privateEndpoints } from "./private-endpoints.ts";
import { redisRoutes } from "./redis-routes.ts";
import { routingPath } from "./request-path.ts";
import { resourceManagerRoutes } from "./resource-manager-routes.ts";
import { serviceRoutes } from "./service-routes.ts";
import { requireSubscription } from "./subscriptions.ts";
import { unknownPath } from "./unknown-path.ts";

export function managementApi(api: ApiContext): Hono<ApiEnvironment> {
  const app = new Hono<ApiEnvironment>({ getPath: routingPath });
  app.use(armHeaders(api.randomness));
  // For everybody: who has not signed in has to learn where to.
  health(app, api);
  metadataEndpoints(app, api);

  app.use(auditedCalls(api));
  app.use(bearerAuthentication(api));
  app.use(roleAuthorization(api));
  app.use("/subscriptions/*", headAnswers);
  app.use("/subscriptions/:subscription", requireSubscription(api));
  app.use("/subscriptions/:subscription/*", requireSubscription(api));

  // Those of caches first: which versions of the API a path beneath a cache takes is theirs to say.
  for (const routes of [
    redisRoutes,
    enterpriseRoutes,
    cacheRoutes,
    privateEndpoints,
    resourceManagerRoutes,
    serviceRoutes,
  ])
    routes(app, api);

  app.notFound((context) => unknownPath(app, context));
  app.onError((error, context) => {
    const known = asLarderError(error, context.get("requestId"));
    if (known.code === "InternalError")
      api.log.error({ requestId: context.get("requestId"), err: error }, "request failed");
    context.set("failure", known);
    return errorResponse(context, known);
  });
  return app;
}
