/** One event of the activity log in Azure's shape (Microsoft.Insights 2015-04-01). Pure. */
import type { AuditRecord } from "../audit/audit-record.ts";

/** .NET's: tenths of microseconds since the year 1. */
const ticksAt1970 = 621_355_968_000_000_000n;

export function resourceOf(scope: string): { group: string | null; provider: string | null; type: string | null } {
  const group = /\/resourcegroups\/([^/]+)/i.exec(scope)?.[1] ?? null;
  const [, provider = null, rest = ""] = /\/providers\/([^/]+)\/(.+)$/i.exec(scope) ?? [];
  const kinds = rest.split("/").filter((_, index) => index % 2 === 0);
  if (provider !== null) return { group, provider, type: [provider, ...kinds].join("/") };
  return {
    group,
    provider: "Microsoft.Resources",
    type: group === null ? null : "Microsoft.Resources/subscriptions/resourceGroups",
  };
}

export function activityBody(
  record: AuditRecord,
  { subscription, tenant }: { subscription: string; tenant: string },
): Record<string, unknown> {
  const { caller, time, requestId, correlationId, status } = record;
  const scope = record.scope ?? "";
  const { group, provider, type } = resourceOf(scope);
  const ticks = ticksAt1970 + BigInt(Date.parse(time)) * 10_000n;
  return {
    authorization: { action: record.action, scope },
    caller: caller?.name ?? null,
    channels: "Operation",
    claims: caller === null ? {} : { "http://schemas.microsoft.com/identity/claims/objectidentifier": caller.objectId },
    correlationId,
    description: "",
    eventDataId: requestId,
    eventName: named("EndRequest", "End request"),
    category: named("Administrative"),
    httpRequest: { clientRequestId: correlationId, clientIpAddress: record.address, method: record.method },
    id: `${scope}/events/${requestId}/ticks/${ticks}`,
    level: status >= 400 ? "Error" : "Informational",
    resourceGroupName: group,
    resourceProviderName: named(provider ?? ""),
    resourceId: scope,
    resourceType: named(type ?? ""),
    operationId: correlationId,
    operationName: named(record.action ?? ""),
    properties: { statusCode: String(status), statusMessage: record.code, durationMs: String(record.durationMs) },
    status: named(statusOf(record)),
    subStatus: named(String(status), `HTTP status code: ${status}`),
    eventTimestamp: time,
    submissionTimestamp: time,
    subscriptionId: subscription,
    tenantId: tenant,
  };
}

export function statusOf({ status }: AuditRecord): "Failed" | "Accepted" | "Succeeded" {
  if (status >= 400) return "Failed";
  return status === 202 ? "Accepted" : "Succeeded";
}

function named(value: string, localizedValue = value): { value: string; localizedValue: string } {
  return { value, localizedValue };
}
