/** The part of the management client that is about what was done to the service, by whom. Errors are those of its calls. */
import type { RestCalls } from "./rest-calls.ts";

const activityApiVersion = "2015-04-01";

/** What is used of an event in Azure's shape (Microsoft.Insights 2015-04-01). */
export interface ActivityEvent {
  eventTimestamp: string;
  /** For people to read; null: nobody that is known. */
  caller: string | null;
  resourceId: string;
  resourceGroupName: string | null;
  operationName: { value: string };
  status: { value: "Succeeded" | "Accepted" | "Failed" };
  /** The HTTP status. */
  subStatus: { value: string };
  properties: { statusMessage: string | null };
  httpRequest: { clientIpAddress: string };
  correlationId: string;
}

export interface ActivityChoice {
  sinceMs: number;
  /** A name or an object id. */
  caller?: string;
  resourceGroup?: string;
}

/** The newest first, read page by page as they are taken. */
export function activityEvents(calls: RestCalls, choice: ActivityChoice): AsyncGenerator<ActivityEvent> {
  const { sinceMs, caller, resourceGroup } = choice;
  const conditions = [
    `eventTimestamp ge '${new Date(sinceMs).toISOString()}'`,
    ...(caller === undefined ? [] : [`caller eq ${quoted(caller)}`]),
    ...(resourceGroup === undefined ? [] : [`resourceGroupName eq ${quoted(resourceGroup)}`]),
  ];
  const path = `/subscriptions/${calls.subscription}/providers/Microsoft.Insights/eventtypes/management/values`;
  return calls.items(path, { apiVersion: activityApiVersion, query: { $filter: conditions.join(" and ") } });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
