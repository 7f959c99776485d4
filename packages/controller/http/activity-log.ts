/**
 * The activity log, as `az monitor activity-log list` reads it: what changed or did something in the subscription, the newest first. It has
 * what was let in; who was refused is in `audit.log`.
 */
import type { Context, Hono } from "hono";
import type { AuditRecord } from "../audit/audit-record.ts";
import { activityBody, resourceOf, statusOf } from "./activity-body.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { badFilter, type Condition, parseFilter } from "./filter-query.ts";
import { afterOf, nextLink } from "./paging.ts";

const values = "/subscriptions/:subscription/providers/microsoft.insights/eventtypes/management/values";
const pageSize = 200;

export function activityLog(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get(values, requireResourcesVersion, (context) => {
    const wanted = parseFilter(context.req.query("$filter")).map(conditionOf);
    const inSubscription = `/subscriptions/${api.subscription}`;
    const found = api.audit.activity
      .newest(api.clock.nowMs())
      .filter(
        (record) => record.scope?.toLowerCase().startsWith(inSubscription) && wanted.every((meets) => meets(record)),
      );
    return context.json(page(context, found, api));
  });
}

function page(context: Context, found: readonly AuditRecord[], api: Pick<ApiContext, "subscription" | "tenant">) {
  const after = afterOf(context);
  const first = after === undefined ? 0 : found.findIndex(({ requestId }) => requestId === after) + 1;
  const records = found.slice(first, first + pageSize);
  const last = records.at(-1);
  const chosen = context.req
    .query("$select")
    ?.split(",")
    .map((name) => name.trim());
  const value = records.map((record) => select(activityBody(record, api), chosen));
  return last === undefined || found.at(-1) === last
    ? { value }
    : { value, nextLink: nextLink(context, last.requestId) };
}

/** The id stays: by it an answer is cut to what the caller may read. */
function select(body: Record<string, unknown>, chosen: readonly string[] | undefined): Record<string, unknown> {
  if (chosen === undefined) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => name === "id" || chosen.includes(name)));
}

function conditionOf({ name, operator, value }: Condition): (record: AuditRecord) => boolean {
  const same = (found: string | null | undefined) => found?.toLowerCase() === value.toLowerCase();
  if (name === "eventtimestamp" && operator !== "call") return timeCondition(operator, value);
  if (operator === "eq")
    switch (name) {
      case "eventchannels":
        return () => true;
      case "resourceuri":
      case "resourceid":
        return ({ scope }) => same(scope);
      case "resourcegroupname":
        return ({ scope }) => same(resourceOf(scope ?? "").group);
      case "resourceprovider":
        return ({ scope }) => same(resourceOf(scope ?? "").provider);
      case "status":
        return (record) => same(statusOf(record));
      case "correlationid":
        return ({ correlationId }) => same(correlationId);
      case "caller":
        return ({ caller }) => same(caller?.name) || same(caller?.objectId);
    }
  throw badFilter(`events cannot be told by '${name} ${operator}'`);
}

function timeCondition(operator: string, text: string): (record: AuditRecord) => boolean {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw badFilter(`'${text.slice(0, 40)}' is no time`);
  const time = new Date(ms).toISOString();
  if (operator === "ge") return (record) => record.time >= time;
  if (operator === "le") return (record) => record.time <= time;
  return (record) => record.time === time;
}
