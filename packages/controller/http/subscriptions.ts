/** Subscriptions, tenants and locations: there is one subscription and one tenant, made at the first start. */
import { LarderError } from "@larder/api";
import type { Hono, MiddlewareHandler } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { locationName, locationsInUse } from "./locations.ts";
import { pathValue } from "./request-path.ts";

export function requireSubscription(api: ApiContext): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    const asked = pathValue(context, "subscription");
    if (asked.toLowerCase() !== api.subscription)
      throw new LarderError("SubscriptionNotFound", `The subscription '${asked}' could not be found.`);
    await next();
  };
}

export function subscriptions(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const id = `/subscriptions/${api.subscription}`;
  const { tenant: tenantId } = api;
  const body = {
    id,
    subscriptionId: api.subscription,
    tenantId,
    displayName: "Larder",
    state: "Enabled",
    authorizationSource: "RoleBased",
    subscriptionPolicies: { locationPlacementId: "Public_2014-09-01", quotaId: "Larder", spendingLimit: "Off" },
    managedByTenants: [],
  };
  const tenant = { id: `/tenants/${tenantId}`, tenantId, displayName: "Larder", tenantCategory: "Home", domains: [] };
  app.get("/subscriptions", requireResourcesVersion, (context) => context.json({ value: [body] }));
  app.get("/subscriptions/:subscription", requireResourcesVersion, (context) => context.json(body));
  app.get("/tenants", requireResourcesVersion, (context) => context.json({ value: [tenant] }));
  app.get("/subscriptions/:subscription/locations", requireResourcesVersion, async (context) => {
    const locations = await locationsInUse(api);
    return context.json({ value: locations.map((location) => locationBody(id, location)) });
  });
}

function locationBody(subscriptionPath: string, location: string) {
  const name = locationName(location);
  return {
    id: `${subscriptionPath}/locations/${name}`,
    name,
    type: "Region",
    displayName: location,
    regionalDisplayName: location,
    metadata: {
      regionType: "Physical",
      regionCategory: "Recommended",
      geography: "Larder",
      physicalLocation: location,
    },
  };
}
