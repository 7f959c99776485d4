/**
 * How calls on `Microsoft.Cache/redisEnterprise` that take their time are answered. A PUT and a DELETE carry both headers; a PATCH
 * has no Location, as a client would take what it names for the updated resource.
 */
import { clusterResourceId } from "@larder/api";
import type { Context } from "hono";
import { operationUrl } from "./operations.ts";
import { apiVersionOf, callerBase } from "./request-path.ts";

export interface Begun {
  subscription: string;
  resourceGroup: string;
  name: string;
  location: string;
  operationId: string;
}

export function notePolling(context: Context, begun: Begun): void {
  context.header("azure-asyncoperation", operationUrl(context, begun, "operationsStatus"));
  context.header("retry-after", "1");
  if (context.req.method === "PATCH") return;
  const results = `${clusterResourceId(begun)}/operationresults/${begun.operationId}`;
  context.header("location", `${callerBase(context)}${results}?api-version=${apiVersionOf(context)}`);
}

export function accepted(context: Context, begun: Begun): Response {
  notePolling(context, begun);
  return context.body(null, 202);
}
