/** Resource providers: `Microsoft.Cache` and `Microsoft.Resources`, always registered. */
import { LarderError } from "@larder/api";
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { redisApiVersions, requireResourcesVersion } from "./api-versions.ts";
import { pathValue } from "./request-path.ts";

const providers = "/subscriptions/:subscription/providers";
const operationNames = [
  "register/action",
  "checknameavailability/action",
  "operations/read",
  "locations/asyncOperations/read",
  "locations/operationresults/read",
  "redis/read",
  "redis/write",
  "redis/delete",
  "redis/listKeys/action",
  "redis/regenerateKey/action",
  "redis/forceReboot/action",
  "redis/flush/action",
  "redis/switchover/action",
  "redis/events/read",
  "redis/patchSchedules/read",
  "redis/patchSchedules/write",
  "redis/patchSchedules/delete",
  "redis/updates/read",
  "redis/updates/start/action",
  "redis/updates/pause/action",
  "redis/updates/resume/action",
];

export function providerRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const known = [
    provider(api, "Microsoft.Cache", [
      { resourceType: "Redis", locations: [], apiVersions: redisApiVersions.toReversed() },
    ]),
    provider(api, "Microsoft.Resources", [
      { resourceType: "resourceGroups", locations: [], apiVersions: ["2021-04-01"] },
    ]),
  ];
  const find = (namespace: string) => {
    const found = known.find((one) => one.namespace.toLowerCase() === namespace.toLowerCase());
    if (found !== undefined) return found;
    throw new LarderError("ResourceNotFound", `There is no resource provider '${namespace}'.`);
  };
  app.get(providers, requireResourcesVersion, (context) => context.json({ value: known }));
  app.get(`${providers}/:namespace`, requireResourcesVersion, (context) =>
    context.json(find(pathValue(context, "namespace"))),
  );
  app.post(`${providers}/:namespace/register`, requireResourcesVersion, (context) =>
    context.json(find(pathValue(context, "namespace"))),
  );
  app.get("/providers/microsoft.cache/operations", requireResourcesVersion, (context) =>
    context.json({ value: operationNames.map(operationBody) }),
  );
}

function provider(api: ApiContext, namespace: string, resourceTypes: object[]) {
  return {
    id: `/subscriptions/${api.subscription}/providers/${namespace}`,
    namespace,
    registrationState: "Registered",
    resourceTypes,
  };
}

function operationBody(name: string) {
  const parts = name.split("/");
  const [resource, operation] = [parts.slice(0, -1).join("/"), parts.at(-1)];
  return {
    name: `Microsoft.Cache/${name}`,
    display: { provider: "Microsoft.Cache", resource, operation, description: name },
  };
}
