/** Each call is written down once it has ended, those that were refused too. */
import type { Context, MiddlewareHandler } from "hono";
import { auditLimits } from "../audit/audit-limits.ts";
import type { AuditRecord } from "../audit/audit-record.ts";
import { shownAction } from "../authorization/operation-names.ts";
import { requestedAccess } from "../authorization/requested-access.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { pathOf } from "./request-path.ts";

const versionPattern = /^[\w.-]{1,40}$/;
/** Of these the record says why. */
const notLetIn = new Set([401, 403, 429]);

export function auditedCalls(api: ApiContext): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    const startMs = api.clock.monotonicMs();
    const path = pathOf(context.req);
    context.set("requested", requestedAccess(context.req.method, path, api.subscription));
    await next();
    const durationMs = Math.round((api.clock.monotonicMs() - startMs) * 1_000) / 1_000;
    const time = new Date(api.clock.nowMs()).toISOString();
    api.audit.note({ time, ...callOf(context, path), durationMs });
  };
}

function callOf(context: Context<ApiEnvironment>, path: string): Omit<AuditRecord, "time" | "durationMs"> {
  const { status } = context.res;
  const [access, failure] = [context.get("requested"), context.get("failure")];
  const version = context.req.query("api-version") ?? "";
  return {
    caller: context.get("caller") ?? null,
    address: context.env.address,
    method: context.req.method,
    path: cut(path),
    apiVersion: versionPattern.test(version) ? version : null,
    action: access === undefined ? null : cut(shownAction(access.action)),
    scope: access === undefined ? null : cut(access.shownScope),
    status,
    code: failure?.code ?? null,
    reason: notLetIn.has(status) && failure !== undefined ? cut(failure.message) : null,
    requestId: context.get("requestId"),
    correlationId: context.get("correlationId"),
  };
}

function cut(text: string): string {
  return text.slice(0, auditLimits.pathLengthMax);
}
