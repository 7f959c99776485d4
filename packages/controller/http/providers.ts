/**
 * Resource providers: which there are, with types, versions and locations, and their registration, which is always done and cannot
 * be undone.
 */
import { LarderError } from "@larder/api";
import type { Context, Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { locationsInUse } from "./locations.ts";
import { pageOf } from "./paging.ts";
import { cacheOperationBody, cacheOperations } from "./provider-operations.ts";
import { pathValue } from "./request-path.ts";
import { emptyNamespaces, namespaces } from "./resource-types.ts";

const providers = "/subscriptions/:subscription/providers";
const oneProvider = `${providers}/:namespace`;
const known = [...Object.keys(namespaces), ...emptyNamespaces];

export function providerRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get(providers, requireResourcesVersion, async (context) => {
    const locations = await locationsInUse(api);
    const bodyOf = (namespace: string) => providerBody(api, namespace, locations);
    return context.json(pageOf(context, known, { nameOf: (namespace) => namespace, bodyOf }));
  });
  app.get(oneProvider, requireResourcesVersion, (context) => oneBody(context, api));
  app.post(`${oneProvider}/register`, requireResourcesVersion, (context) => oneBody(context, api));
  app.post(`${oneProvider}/unregister`, requireResourcesVersion, (context) => {
    const namespace = knownNamespace(pathValue(context, "namespace"));
    throw new LarderError("Conflict", `'${namespace}' is a part of this service and cannot be unregistered.`);
  });
  app.get("/providers/microsoft.cache/operations", requireResourcesVersion, (context) =>
    context.json({ value: cacheOperations.map(cacheOperationBody) }),
  );
}

async function oneBody(context: Context, api: ApiContext): Promise<Response> {
  const namespace = knownNamespace(pathValue(context, "namespace"));
  return context.json(providerBody(api, namespace, await locationsInUse(api)));
}

/** In its own casing. Throws InvalidResourceNamespace. */
function knownNamespace(asked: string): string {
  const found = known.find((namespace) => namespace.toLowerCase() === asked.toLowerCase());
  if (found !== undefined) return found;
  throw new LarderError("InvalidResourceNamespace", `The resource namespace '${asked}' is invalid.`);
}

function providerBody(api: ApiContext, namespace: string, locations: readonly string[]) {
  const types = namespaces[namespace] ?? [];
  return {
    id: `/subscriptions/${api.subscription}/providers/${namespace}`,
    namespace,
    registrationPolicy: "RegistrationFree",
    registrationState: "Registered",
    resourceTypes: types.map(({ resourceType, apiVersions, hasLocation }) => ({
      resourceType,
      locations: hasLocation ? locations : [],
      apiVersions,
      capabilities: hasLocation ? "SupportsTags, SupportsLocation" : "None",
    })),
  };
}
