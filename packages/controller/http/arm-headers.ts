/** The headers that every answer of the management API carries. */

import type { Randomness } from "@larder/service";
import type { MiddlewareHandler } from "hono";
import type { ApiEnvironment } from "./api-context.ts";

const correlationPattern = /^[\w-]{1,64}$/;

export function armHeaders(randomness: Randomness): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    const requestId = randomness.uuid();
    const asked = context.req.header("x-ms-correlation-request-id") ?? "";
    const correlationId = correlationPattern.test(asked) ? asked : requestId;
    context.set("requestId", requestId);
    context.set("correlationId", correlationId);
    await next();
    const headers = context.res.headers;
    headers.set("x-ms-request-id", requestId);
    headers.set("x-ms-correlation-request-id", correlationId);
    headers.set("cache-control", "no-cache");
    if (headers.get("content-type") === "application/json")
      headers.set("content-type", "application/json; charset=utf-8");
  };
}
